"""From an address on mp.weixin.qq.com to an ``Article``. Never touches the disk or SQL."""
