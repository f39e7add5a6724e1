"""Informativity judges: for each class, does a picture tell that this is what is heard?"""
