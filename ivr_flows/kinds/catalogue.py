"""All kinds of node, in the order of the documentation."""

from collections.abc import Mapping
from typing import Any

from ivr_flows.kinds.bot import BOT
from ivr_flows.kinds.branch import BRANCH
from ivr_flows.kinds.callback import CALLBACK
from ivr_flows.kinds.collect import COLLECT
from ivr_flows.kinds.consent import CONSENT
from ivr_flows.kinds.declare import Kind
from ivr_flows.kinds.directory import DIRECTORY
from ivr_flows.kinds.faq import FAQ
from ivr_flows.kinds.form import FORM
from ivr_flows.kinds.hangup import HANGUP
from ivr_flows.kinds.hours import HOURS
from ivr_flows.kinds.http import HTTP
from ivr_flows.kinds.intent import INTENT
from ivr_flows.kinds.language import LANGUAGE
from ivr_flows.kinds.menu import MENU
from ivr_flows.kinds.notice import NOTICE
from ivr_flows.kinds.notify import NOTIFY
from ivr_flows.kinds.profile import PROFILE
from ivr_flows.kinds.queue import QUEUE
from ivr_flows.kinds.record import RECORD
from ivr_flows.kinds.return_ import RETURN
from ivr_flows.kinds.say import SAY
from ivr_flows.kinds.send_digits import SEND_DIGITS
from ivr_flows.kinds.set import SET
from ivr_flows.kinds.split import SPLIT
from ivr_flows.kinds.survey import SURVEY
from ivr_flows.kinds.switch import SWITCH
from ivr_flows.kinds.tag import TAG
from ivr_flows.kinds.transfer import TRANSFER
from ivr_flows.kinds.triage import TRIAGE

KINDS: Mapping[str, Kind[Any]] = {
    "say": SAY,
    "menu": MENU,
    "collect": COLLECT,
    "form": FORM,
    "directory": DIRECTORY,
    "faq": FAQ,
    "intent": INTENT,
    "triage": TRIAGE,
    "survey": SURVEY,
    "branch": BRANCH,
    "hours": HOURS,
    "switch": SWITCH,
    "set": SET,
    "split": SPLIT,
    "tag": TAG,
    "queue": QUEUE,
    "callback": CALLBACK,
    "language": LANGUAGE,
    "http": HTTP,
    "profile": PROFILE,
    "bot": BOT,
    "notice": NOTICE,
    "notify": NOTIFY,
    "record": RECORD,
    "consent": CONSENT,
    "send_digits": SEND_DIGITS,
    "transfer": TRANSFER,
    "return": RETURN,
    "hangup": HANGUP,
}
"""By the word in a flow file that makes a node one of the kind."""

KIND_OF: Mapping[type, Kind[Any]] = {kind.node: kind for kind in KINDS.values()}
