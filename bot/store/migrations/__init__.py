"""How the tables came to be, one file a step, in order of their numbers; run by `bot.store.migrate`.

A step that has been released is never changed. It uses plain types of its own, since `bot.store.columns` and
`tables` are as they are today. All steps run in one transaction: either the database is of this version
afterwards, or it is as it was. SQLite cannot rebuild a table to which others refer inside of it.
"""
