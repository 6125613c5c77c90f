"""Discord on 127.0.0.1, from the outside in.

server              REST and main gateway on one port
gateway             how long sessions live; gateway_connection: login, resume, op 4; sessions: events
rest                who calls, accounts and servers; channels: chat; moderation: voice states; errors
commands            what bots register; invoking and responding: the two sides of interactions
world               the state, and what tests change in it; entities, permissions, messages, calls
voice_gateway       the voice server: websocket, DAVE (dave, mls) and UDP (sfu)
"""
