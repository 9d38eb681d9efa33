"""Luma of RGB by ITU-R BT.601: its weights, without torch, since files need them, too."""

REC601 = (0.299, 0.587, 0.114)  # of red, green and blue; they sum to 1
