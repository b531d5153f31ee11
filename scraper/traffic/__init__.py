"""What a reader's own client receives of mp.weixin.qq.com besides pages: lists, counts, comments.

Pure: answers in, frozen data out, and nothing of the reader in it.
"""
