"""Telling people: which changes of incidents make a message, what it says, and by which way it goes.

changes      which of a window's incidents are told of, and which were told before
window       what has changed in one window, as a message; digest: what is worth knowing of a week
words        an incident for a person, without what is private
letter       a message as a mail; forms: as the body of a webhook
channels     by which way: email (mailing), webhook (posting)
notify       all of it, once
"""
