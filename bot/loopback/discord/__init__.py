"""Discord on 127.0.0.1, from the outside in.

server              REST and main gateway on one port
gateway             how long sessions live; gateway_connection: login, resume, op 4; sessions: events
rest                who calls, accounts and servers; channels: chat; moderation: voice states; errors;
                    threads, polls, scheduled events, soundboard
commands            what bots register (options); invoking and responding: the two sides of interactions
components          what a message (layouts, embeds) and a form (modals) may consist of; selections: what a
                    member makes of it; suggestions: autocomplete
world               the state, and what tests change in it; entities, permissions, messages, calls
voice_gateway       the voice server: websocket, DAVE (dave, mls) and UDP (sfu)
"""
