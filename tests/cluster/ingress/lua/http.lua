-- Only for OCSP and global rate limits, which the kit does not use.
return {}
