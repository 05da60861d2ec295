"""What stands around articles on news pages: the vocabulary of templates, buttons, notices and credits, in English."""

from __future__ import annotations

import re

from indexer.patterns import AnyOf

LONGEST = 300  # characters: no longer line is taken for furniture


_IMAGE = AnyOf(
    r"(?:main|lead|hero|featured?|top|article|story|inline|body|cover)[ _-]?(?:img|image|photo|picture|media)",
    r"img|images?|photos?|pictures?|play video|gallery|thumbnail|file (?:photo|image)",
)

_SUMMARY_HEADING = AnyOf(
    r"(?:story |article |key |top |news )?highlights:?",
    r"(?:the )?key (?:points|takeaways|facts):?",
    r"(?:at a glance|in (?:short|brief)|the gist|tl;?dr):?",
    r"(?:article |story )?(?:summary|synopsis):?",
)

# Whole lines.
_LABEL = AnyOf(
    r"[a-z]+(?:[_-][a-z0-9]+)*_[a-z0-9]+",  # what a template calls its parts: ugc_banner
    r"(?:ad|ads|dfp|gpt|div|banner|widget)[-_ ]?(?:slot|unit|banner|container)?[-_ ]?\d*",
    r"(?:- )?advert(?:isement|ising)?s?(?: -)?|(?:paid |sponsored )(?:content|post)|sponsored|promoted",
    r"(?:story|article) continues (?:below|after)(?: (?:this )?(?:advert(?:isement)?|ad|video))?",
    r"(?:scroll|swipe)(?: down)? (?:to|for) (?:continue|more|read)[^.]{0,30}",
    r"continue reading(?: the main story| below)?",
    r"(?:please )?(?:accept|allow|manage|reject)(?: all)? cookies|cookie (?:policy|settings|preferences)",
    r"privacy (?:policy|notice)|terms (?:of (?:use|service)|and conditions)|all rights reserved\.?",
    r"(?:skip|jump) to (?:main )?(?:content|navigation)|back to top|(?:site )?menu|home|search|close",
    r"next|previous|prev|loading(?:\.\.\.|…)?|log ?in|sign in|sign up|register|my account|newsletters?",
    r"share(?: (?:this|on|via|with))?(?: (?:article|story|page|post|friends))?",
    r"(?:share (?:on|via|with) )?(?:tweet|facebook|twitter|whatsapp|linkedin|telegram|reddit|pinterest|instagram)",
    r"e-?mail|flipboard|print(?: this(?: page| article)?)?|copy (?:the )?link(?: to clipboard)?|(?:link )?copied!?",
    r"save(?: (?:this )?(?:article|story|for later))?|bookmark|subscribe(?: now)?!?",
    r"(?:\d[\d,.]*k? )?(?:shares|views|likes)",
    r"(?:\d[\d,]* |no |view |show |hide |post |leave )?(?:a )?comments?(?: \(\d+\))?",
    r"\d+[ -]min(?:ute)?s?(?: read| listen)?|\d+ (?:min(?:ute)?|hour|hr|day|week|month|year)s? ago",
    r"read (?:more|full (?:story|article)|next|also|on)(?: here)?(?:\.\.\.|…|[.:]| »)?|(?:also|must) read:?",
    r"see (?:also|more):?|show more|view (?:more|all)|load more|more:",
    r"(?:related|more|top|latest|recommended|trending|popular|most (?:read|popular|viewed))"
    r"(?: (?:articles?|stor(?:y|ies)|news|topics?|posts?|coverage|videos?|links?|tags?))+:?",
    r"(?:related|recommended|trending|most (?:read|popular|viewed)):?",
    r"(?:you (?:may|might) (?:also )?(?:like|be interested in)|editors?['’]s? picks?|up next|don['’]t miss):?",
    r"(?:tags|topics|filed under|keywords|categories):?",
    r"(?:hide|toggle) caption|enlarge (?:this )?image|view (?:image|gallery)(?: in fullscreen)?",
    r"(?:image|photo|picture) (?:caption|source|credit)s?:?",
    r"(?:play|watch|pause|mute|listen)(?: (?:now|live|video|audio|to (?:this )?(?:article|story)))?",
    r"this (?:video|content|post) (?:can ?not be played|is not available|is unavailable)\.?",
)

# Whole lines above other articles' titles.
_LINKS_HEADING = AnyOf(
    r"(?:related|more|top|latest|recommended|trending|popular|most (?:read|popular|viewed))"
    r"(?: (?:articles?|stor(?:y|ies)|news|topics?|posts?|coverage|videos?|links?|reading|content))*:?",
    r"most (?:read|popular|viewed) in [\w ]{1,30}",
    r"(?:popular|more|latest|trending) (?:on|from|in|at) [\w .&'’-]{1,40}:?",
    r"(?:you (?:may|might) (?:also )?(?:like|be interested in|enjoy)|editors?['’]s? picks?|up next|don['’]t miss)"
    r"(?:\.\.\.|…|:)?",
    r"(?:read|see) (?:more|next|also)(?:\.\.\.|…|:)?|also (?:read|on [\w. ]{1,30})(?:\.\.\.|…|:)?",
    r"(?:explore further|further reading|see also|in other news|what to read next|more to read)(?:\.\.\.|…|:)?",
)

# Beginnings of lines that are furniture to their end.
_OPENING = AnyOf(
    r"(?:also|must) (?:read|watch|see)\s?[:|»–-]|(?:also|must)[ -](?:read|watch) \S",
    r"read (?:also|more|next|here|this)\s?[:|»–-]|read ?\| ?\S",
    r"(?:related(?: (?:article|story|news|coverage))?|see also|more (?:on|from)[^:|.]{0,40})\s?[:|»–-]",
    r"(?:watch(?: (?:live|now|here|video|this))?|listen|in (?:pictures|photos|pics|video))\s?[:|»]",
    r"(?:for|read|see) [^.]{0,30}(?:full|whole|complete) (?:story|article|report)[^.]{0,20}\bhere\b",
    r"(?:follow|join|like|find|connect with|contact) (?:us|me|our \w+|@\w+) (?:on|at|via|by)\b|follow @\w",
    r"(?:follow|contact|reach|e-?mail)\b[^.]{0,60}(?: on (?:twitter|facebook|x|threads|instagram)\b|@\w)",
    r"(?:click|tap) (?:here|on|the link)\b|download (?:the|our) [\w ]{0,30}\bapp\b",
    r"(?:for|get|catch) (?:all )?(?:the|our) (?:latest|top|breaking|best)\b[^.]{0,60} (?:news|stories|updates)",
    r"(?:sign|signing)[- ]up (?:for|to|here|now|today)\b|subscribe (?:to|for|now|today|here)\b",
    r"already (?:a subscriber|have an account)|support (?:our|local|independent) journalism",
    r"(?:this|our) (?:web)?site uses cookies|we (?:and our partners )?use cookies",
    r"by (?:continuing|using|clicking|signing)[^.]{0,60}(?:you agree|you accept|cookies)",
    r"(?:©|\(c\)|copyright)\s*(?:©|\(c\))?\s*(?:\d{4}|the\b|by\b)",
    r"share this (?:article|story|page|post|with)\b",
    r"we will use the (?:details|information) you|you agree to the processing|if you wish to object to the use",
    r"[^.]{0,200} in our privacy policy\.?$",
    r"(?:please )?(?:enable|turn on) javascript|your browser does not support",
    r"\[?related(?: (?:article|story|post|video))?: ?\S|see more: ?\S|\(?leggi anche\b|lire aussi\b|lesen sie auch\b",
    r"(?:filed under|posted (?:in|under)|tagged(?: with)?|tags|tempo de leitura|lesezeit|reading time)\s?[:|]",
    r"(?:start your day with|get) (?:the |your |our )?[\w ’'&]{0,40}(?:newsletter|delivered|in your inbox|app\b)",
    r"(?:thanks for|thank you for) (?:signing up|subscribing)|keep an eye on your inbox",
    r"join our (?:free|newsletter|mailing)",
    r"there was an error processing|an error has occurred,? please|please try again later\.?$",
    r"(?:if you|when you) (?:buy|purchase|click)[^.]{0,80}(?:commission|share of the sale|affiliate)",
    r"like this story\? share it|enjoy(?:ed)? this (?:article|story|post)\? |tell us what you think\b",
    r"have a (?:news )?tip\? |(?:write|send (?:an )?e-?mail) to [^.]{1,60} at \S+@|more (?:ap|afp) \w+: https?:",
    r"follow [^.]{1,40}['’]s? full coverage\b|see [^.]{1,60} coverage at \S",
    r"this copy is for your personal|order reprints|this article has been sent to|print article$",
    r"copyright ⓒ|copyright \w+ \d{4}\b|all rights reserved\b|기사입력|무단전재",
)
_COPYRIGHT = AnyOf(r"(?:©|\(c\)|copyright)", r"all rights reserved")
_CLICK = AnyOf(r"(?:click|tap) (?:here|on|the link)\b")
_CONTACT = AnyOf(r"\S+@[\w-]+(?:\.[\w-]+)+", r"(?:https?://)?(?:www\.|twitter\.com/|facebook\.com/)\S+|https?://\S+")

# A label that ran into the link behind it: "MORE:Delta adds a flight to Detroit for the eclipse".
_RUN_IN_LINK = re.compile(
    r"['\"‘“]?[A-Z][^:.]{1,40}:(?=['\"‘“]?[^\W\d_])(?:\S+\s){5,}[^.]*[^.!?”\"’']"
    r"|[Mm](?:ore|ORE): (?:\S+\s){4,}[^.]*[^.!?”\"’']"
)

# What stands below stories of those who wrote them.
_TRADE = r"(?:reporter|editor|writer|correspondent|columnist|journalist|producer|intern|fellow)"
_REACH = (
    r"(?:(?:you can |please )?(?:reach|contact|follow|e-?mail|find) (?:her|him|them|the (?:author|reporter|writer)))"
)
_ADDRESS = r"(?:\S+@\S|@\w|\(?\d{3}\)?[-. ]\d{3})"
_WHERE = (
    rf"(?:{_ADDRESS}|(?:his |her |their )?(?:twitter|x|facebook|instagram|linkedin|threads|bluesky|mastodon|e-?mail)\b)"
)

# Lines that say who else made the story, or what was done to it.
_CREDIT = AnyOf(
    r"[(\[]?(?:(?:with|based on) )?(?:additional )?(?:inputs?|reporting|material|information) (?:from|by)\b",
    r"[(\[]?(?:additional |further )?(?:reporting|writing|editing|edited|written|compiled|produced) (?:by|in)\b"
    r"[^.]{0,150}(?:;|[)\]]$|$)",
    r"[(\[]?(?:this|the) (?:story|article|report|copy)[^.]{0,40} "
    r"(?:has not been edited|(?:is|was|has been) (?:auto-?generated|syndicated|published from))\b",
    r"[(\[]?this (?:story|article|report) (?:(?:was )?(?:originally|first) (?:published|appeared)|has been updated)\b",
    rf"[^.:]{{3,60}} (?:is|are) [^.]{{0,60}}\b{_TRADE}s?\b[^.]{{0,100}}\. {_REACH} (?:at|on|via) {_WHERE}",
    rf"[^.:]{{0,40}}\b{_TRADE} [^.]{{3,50}} contributed to this (?:story|article|report)\b|{_REACH} at {_ADDRESS}",
    rf"(?:reach|contact|e-?mail) [^.]{{0,40}}\b{_TRADE}\b[^.]{{0,50}} (?:at|on) {_ADDRESS}",
    r"[(\[]?(?:except for the headline,? this story|disclaimer:|(?:sources?|agenc(?:y|ies)|via|contributing)\s?:)",
    r"(?-i:Special) (?:to|for) (?:the )?(?-i:[A-Z]).{1,40}$",
)
_BARE_CREDIT = AnyOf(
    r"[(\[](?:with )?(?:agenc(?:y|ies)|inputs from|pti|ani|ians|afp|reuters|ap|bloomberg|dpa|xinhua|and|[ ,/&])+[)\]]"
)


def is_image(line: str) -> bool:
    """Whether a line is what a template prints where an image stood: "main img", "Photo"."""
    return _IMAGE.re.fullmatch(line) is not None


def opens_summary(line: str) -> bool:
    """Whether a line announces a summary: "Story highlights", "Key points:"."""
    return _SUMMARY_HEADING.re.fullmatch(line) is not None


def opens_links(line: str) -> bool:
    """Whether a line announces links to other articles: "Related stories", "Most read in world news"."""
    return len(line) <= LONGEST and _LINKS_HEADING.re.fullmatch(line) is not None


def is_page_part(line: str) -> bool:
    """Whether a line is furniture of the page, not of the story (as credits, rights and addresses are)."""
    if len(line) > LONGEST or not any(char.isalnum() for char in line):
        return False
    kept = _CONTACT.re.fullmatch(line) or _BARE_CREDIT.re.fullmatch(line) or _CREDIT.re.match(line)
    return is_furniture(line) and not (kept or _COPYRIGHT.re.match(line) or _CLICK.re.match(line))


def is_furniture(line: str) -> bool:
    """Whether a line is part of the page, not of what the article says."""
    if len(line) > LONGEST:
        return False
    whole = (_LABEL, _IMAGE, _SUMMARY_HEADING, _BARE_CREDIT, _LINKS_HEADING, _CONTACT)
    return (
        not any(char.isalnum() for char in line)
        or any(shape.re.fullmatch(line) for shape in whole)
        or bool(_OPENING.re.match(line) or _CREDIT.re.match(line) or _RUN_IN_LINK.fullmatch(line))
    )
