"""Tests of flows, written in YAML beside them and played on a virtual clock."""
