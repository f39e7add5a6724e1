"""Sound: files to samples, samples to windows or words, log-mel pictures, and back to sound.

Importing this package imports nothing else; take what you need from `decode`, `segment`, `logmel`
and `invert`.
"""
