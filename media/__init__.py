"""Sound: RTP, codecs, DTMF, the tick engine, voice activity and speech engines."""
