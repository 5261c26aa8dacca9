"""The program: command line, assembly, start and drain, HTTP and the demonstration."""
