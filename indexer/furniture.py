"""What stands around articles on web pages: generic vocabularies of furniture, captions and summary headings."""

from __future__ import annotations

import re


def _whole(*shapes: str) -> re.Pattern[str]:
    """Any of the shapes, as a whole line, in any case."""
    return re.compile(rf"(?:{'|'.join(shapes)})", re.IGNORECASE)


_IMAGE = _whole(
    r"(?:main|lead|hero|featured?|top|article|story|inline|body|cover)[ _-]?(?:img|image|photo|picture|media)",
    r"img|image|images|photo|photos|picture|video|play video|gallery|thumbnail|file (?:photo|image)",
)

_SUMMARY_HEADING = _whole(
    r"(?:story |article |key |top |news )?highlights:?",
    r"key (?:points|takeaways|facts):?|(?:the )?key takeaways:?|at a glance:?|in (?:short|brief):?|(?:story )?synopsis:?",
    r"(?:article |story )?summary:?|tl;?dr:?|what (?:you need )?to know:?|the gist:?",
)

_LABEL = _whole(
    # Names of page parts, as templates leave them behind.
    r"[a-z]+(?:[_-][a-z0-9]+)*_[a-z0-9]+|(?:ad|ads|dfp|gpt|div|banner|slot|widget)[-_ ]?(?:slot|unit|banner|container)?[-_ ]?\d*",
    r"(?:- )?advert(?:isement|isment|ising)?s?(?: -)?|(?:paid |sponsored )(?:content|post)|sponsored|promoted|promo(?:tion)?",
    r"(?:story|article) continues (?:below|after)(?: (?:this )?(?:advert(?:isement)?|ad|video))?",
    r"(?:scroll|swipe)(?: down)? (?:to|for) (?:continue|more|read)[^.]{0,30}|continue reading(?: the main story| below)?",
    r"(?:please )?(?:accept|allow|manage|reject)(?: all)? cookies|cookie (?:policy|settings|preferences)|privacy (?:policy|notice)",
    r"terms (?:of (?:use|service)|and conditions)|(?:skip|jump) to (?:main )?(?:content|navigation)|back to top|(?:site )?menu",
    r"home|search|close|next|previous|prev|loading(?:\.\.\.|…)?|log ?in|sign in|sign up|register|my account|newsletters?",
    r"share|share (?:this(?: (?:article|story|page|post))?|on|via|with)(?: (?:facebook|twitter|x|whatsapp|linkedin|email|reddit|friends))?",
    r"tweet|retweet|facebook|twitter|whatsapp|linkedin|telegram|reddit|pinterest|instagram|flipboard|e-?mail|print(?: this(?: page| article)?)?",
    r"copy (?:the )?link(?: to clipboard)?|(?:link )?copied!?|save(?: (?:this )?(?:article|story|for later))?|bookmark|subscribe(?: now)?!?",
    r"(?:\d[\d,.]*k? )?(?:shares|views|likes)|(?:\d[\d,]* |no |view |show |hide |post |leave )?(?:a )?comments?(?: \(\d+\))?",
    r"\d+[ -]min(?:ute)?s?(?: read| listen)?|\d+ (?:min(?:ute)?|hour|hr|day|week|month|year)s? ago|(?:just|right) now",
    r"read (?:more|full (?:story|article)|next|also|on)(?:\.\.\.|…|:| »)?|(?:also|must) read:?|see (?:also|more)|show more|view (?:more|all)|load more",
    r"(?:related|more|top|latest|recommended|trending|popular|most (?:read|popular|viewed))(?: (?:articles?|stor(?:y|ies)|news|topics?|posts?|coverage|videos?|content|links?|tags?))*:?",
    r"(?:you (?:may|might) (?:also )?(?:like|be interested in)|more (?:from|on|in|about) (?:this|the)? ?[\w' ]{0,30}|editors?['’]s? picks?|up next|don['’]t miss):?",
    r"(?:tags|topics|filed under|keywords|categories):?|hide caption|toggle caption|enlarge (?:this )?image|view (?:image|gallery)(?: in fullscreen)?",
    r"(?:image|photo|picture) (?:caption|source|credit)s?:?|(?:play|watch|pause|mute|listen)(?: (?:now|live|video|audio|to (?:this )?(?:article|story)))?",
    r"all rights reserved\.?|(?:end of|the end|ends)|this (?:video|content|post) (?:can ?not be played|is not available|is unavailable)\.?",
)

# Lines that begin so are furniture to their end, if they are no longer than a line of furniture is.
_OPENING = re.compile(
    r"(?:(?:(?:also|must) (?:read|watch|see)|read (?:also|more|next|here|this)|related(?: (?:article|story|news|coverage))?|see also"
    r"|more (?:on|from)[^:|]{0,40}|watch(?: (?:live|now|here|video|this))?|listen|in (?:pictures|photos|pics|video))\s?[:|»–-]\s?\S"
    r"|read ?\| ?\S|(?:also|must)[ -](?:read|watch) \S"
    r"|(?:follow|join|like|find|connect with|contact) (?:us|me|our \w+|@\w+|the \w+) (?:on|at|via|by)\b|follow @\w"
    r"|(?:click|tap) (?:here|on|the link)\b|download (?:the|our) [\w ]{0,30}\bapp\b|get (?:the|our|all the) (?:latest|top|breaking|best)\b"
    r"|(?:sign|signing) up (?:for|to|here|now|today)\b|subscribe (?:to|for|now|today|here)\b|already (?:a subscriber|have an account)"
    r"|(?:this|our) (?:web)?site uses cookies|we (?:and our partners )?use cookies|by (?:continuing|using|clicking|signing)[^.]{0,60}(?:you agree|you accept|cookies)"
    r"|(?:©|\(c\)|copyright)\s*(?:©|\(c\))?\s*(?:\d{4}|the\b|by\b)|share this (?:article|story|page|post|with)\b|support (?:our|independent) journalism"
    r"|(?:please )?(?:enable|turn on) javascript|your browser does not support|catch all the [\w ,]{0,60}news\b|for (?:all )?the latest [\w ,]{0,60}news\b)",
    re.IGNORECASE,
)
_LONGEST_OPENING = 220

# A whole paragraph that says who else made the story.
_CREDIT = re.compile(
    r"[(\[]?\s*(?:(?:(?:with|based on) )?(?:additional )?(?:inputs?|input|reporting|material|information) (?:from|by)\b"
    r"|(?:additional |further )?(?:reporting|writing|editing|edited|written|compiled|reported|produced) (?:by|in)\b[^.]{0,150}(?:;|[)\]]$|$)"
    r"|(?:this|the) (?:story|article|report|copy)[^.]{0,40} (?:has not been edited|(?:is|was|has been) (?:auto-?generated|syndicated|published from))\b"
    r"|this (?:story|article|report) (?:was )?(?:originally|first) (?:published|appeared)\b"
    r"|except for the headline,? this story|disclaimer:|(?:source|agencies|agency|via)\s*:)",
    re.IGNORECASE,
)
_BARE_CREDIT = re.compile(
    r"[(\[](?:with )?(?:agenc(?:y|ies)|inputs?|pti|ani|ians|afp|reuters|ap|bloomberg|dpa|xinhua|upi|tass|efe|kyodo|[ ,/&]|and|\binputs from\b)+[)\]]\.?",
    re.IGNORECASE,
)

_AGENCY = r"(?:reuters|ap|afp|getty(?: images)?|pti|ani|ians|epa(?:-efe)?|bloomberg|shutterstock|istock|alamy|xinhua|dpa|upi|ap photo|pa(?: media| wire)?|twitter|instagram|facebook|anadolu(?: agency)?)"
_PHOTO = r"(?:photo(?:graph(?:er|y)?)?s?|image|picture|pic|illustration|graphic|video)"
_CAPTION = re.compile(
    rf"(?:\b{_PHOTO}(?: (?:credits?|sources?|courtesy|by))?\s*[:/]\s*\(?[^.:]{{1,60}}\)?\s*$"
    rf"|[(\[](?:file )?(?:{_PHOTO} (?:by|credit|courtesy)|{_PHOTO}[:/]|ap photo|credit:|via (?:ap|reuters))[^()\[\]]{{0,80}}[)\]]\.?\s*$"
    rf"|\b(?:credit|source)s?\s*:\s*[^.:]{{1,60}}$"
    rf"|(?:[|/]|©)\s*{_AGENCY}\s*$|^[^.]{{1,200}}[-–—]\s*{_AGENCY}\s*$|\b(?-i:REUTERS)/|\bvia (?:getty images|reuters|ap|afp)\b[^.]{{0,30}}\s*$"
    r"|\b(?:hide|toggle) caption(?: \d+ of \d+)?\s*$)",
    re.IGNORECASE,
)
_CAPTION_OPENING = re.compile(
    r"(?:file (?:photo|image|picture|pic)s?\b|file ?[-–—:] ?\S|(?:photo|image|picture|pictured|caption|photo caption|image caption)\s?:"
    r"|(?:image|photo) (?:source|credit|caption|courtesy)\b|in this (?:[\w.,]+ ){0,5}(?:photo|image|picture|file photo|handout|frame|screengrab)\b"
    r"|(?:a |an )?(?:representative|representational) (?:image|photo|picture)|screen ?grab (?:from|of)\b)",
    re.IGNORECASE,
)
_LONGEST_CAPTION = 600


def is_image(line: str) -> bool:
    """Whether a line is what a template prints where an image stood: "main img", "Photo"."""
    return _IMAGE.fullmatch(line) is not None


def opens_summary(line: str) -> bool:
    """Whether a line announces a summary: "Story highlights", "Key points:"."""
    return _SUMMARY_HEADING.fullmatch(line) is not None


def is_caption(line: str) -> bool:
    """Whether a line says of itself that it describes a picture, or ends in a picture credit."""
    if len(line) > _LONGEST_CAPTION:
        return False
    return (_CAPTION_OPENING.match(line) or _CAPTION.search(line)) is not None


def is_furniture(line: str) -> bool:
    """Whether a line is part of the page, not of what the article says."""
    if not any(char.isalnum() for char in line):
        return True
    if _LABEL.fullmatch(line) or is_image(line) or opens_summary(line) or _BARE_CREDIT.fullmatch(line):
        return True
    return len(line) <= _LONGEST_OPENING and bool(_OPENING.match(line) or _CREDIT.match(line))
