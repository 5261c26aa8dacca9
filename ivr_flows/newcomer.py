"""The first page for somebody who has never written a flow: from an empty folder to a call that works."""

FIRST_FLOW = """\
# yaml-language-server: $schema=flow.schema.json
flow: shop
start: hello
nodes:
  hello:
    menu: Welcome to the flower shop. For opening hours, press one. To leave a message, press two.
    options:
      1: {next: hours, or_say: opening hours}
      2: {next: message, or_say: message}
    otherwise: bye
  hours: {say: We are open from nine to six., next: hello}
  message:
    record: voicemail
    prompt: Please speak after the tone, and press hash.
    next: bye
  bye: {hangup: normal, prompt: Thank you. Goodbye.}
"""

FIRST_SETTINGS = """\
[server]
data_directory = "var"
[flows]
directory = "."
[numbers]
"100" = "shop"
"""

PAGE = f"""\
## From an empty folder to a call

In a new folder, with `trunkline` on the path (in the folder where you set it up: `export
PATH="$PWD/.venv/bin:$PATH"`). First the flow, `shop.yaml`:

```yaml
{FIRST_FLOW}```

Then `trunkline.toml`, which says which number has it:

```toml
{FIRST_SETTINGS}```

Try it without a telephone. `1`, Enter is a key; `5` at the recording is a statement of five seconds; Ctrl-D
hangs up:

    trunkline flow schema > flow.schema.json     # your editor completes and checks from now on
    trunkline flow check shop.yaml               # every mistake with its line and how to fix it
    trunkline flow run shop.yaml

Serve it, and call it from a second terminal in the same folder:

    trunkline serve --config trunkline.toml
    trunkline call sip:100@127.0.0.1:5060 --press 2 --listen 6 --say "please send me ten red roses"
    trunkline recordings list --config trunkline.toml      # the call, and the voicemail by itself
    trunkline contacts list --config trunkline.toml

Change what the shop says, save, and `trunkline reload --config trunkline.toml`: the next caller hears it, and
whoever is on the line goes on in what they called. All of this takes a minute and a half, most of it typing.
"""
