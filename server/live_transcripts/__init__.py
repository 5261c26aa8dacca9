"""Words while they are said: live sound of recorded calls, through voice detection, into facts."""
