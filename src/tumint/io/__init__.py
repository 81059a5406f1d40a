"""Files in and out. Every file between stages is checked against its contract when written and when read."""
