"""Single words that programs know in English (kinds, changes, relations, reasons) and a person reads
in his own language: ``_(word)`` says them.
"""

from scraper.messages import mark

#: What became of an address.
CHANGES = (
    mark("new"),
    mark("modified"),
    mark("changed"),
    mark("unchanged"),
    mark("reparsed"),
    mark("held"),
    mark("gone"),
    mark("skipped"),
    mark("waiting"),
    mark("failed"),
)
#: How one article stands to another.
RELATIONS = (
    mark("duplicate"),
    mark("reprint"),
    mark("near"),
    mark("links-to"),
    mark("linked-from"),
    mark("shared-links"),
    mark("body"),
    mark("ainfos"),
    mark("source"),
    mark("image"),
    mark("related"),
    mark("album"),
)
#: Why an address gave no article, as `status` counts them.
REASONS = (
    mark("deleted"),
    mark("violation"),
    mark("complaint"),
    mark("migrated"),
    mark("account-closed"),
    mark("account-blocked"),
    mark("rumour"),
    mark("impersonation"),
    mark("private"),
    mark("unavailable"),
    mark("send-failed"),
)
#: Classes of failure besides the reasons, as `status` counts them and `retry` takes them.
FAILURES = (
    mark("not-an-address"),
    mark("blocked"),
    mark("unrecognised"),
    mark("hostile"),
    mark("unexpected"),
    mark("fetch"),
    mark("later"),
    mark("rate-limited"),
    mark("timed-out"),
    mark("cut-short"),
    mark("unreachable"),
    mark("refused"),
    mark("forbidden"),
    mark("expired"),
    mark("expired-session"),
    mark("parameter-error"),
    mark("login"),
    mark("paid"),
)
#: What differs between two versions.
DIFFERENCES = (
    mark("title"),
    mark("author"),
    mark("digest"),
    mark("place"),
    mark("kind"),
    mark("original"),
    mark("source url"),
    mark("cover"),
    mark("text"),
    mark("images"),
    mark("links"),
    mark("markup"),
    mark("title modified"),
    mark("account"),
    mark("published"),
    mark("language"),
    mark("losses"),
)
#: What a bar counts.
WORK = (mark("indexing"), mark("packing"), mark("importing"), mark("typesetting"))
#: Types of watched sources, the checks of `doctor`, states of the queue, where a setting is from.
SOURCES = (mark("bookmarks"), mark("feed"), mark("list"), mark("opml"), mark("article"))
CHECKS = (
    mark("python"),
    mark("extras"),
    mark("fonts"),
    mark("folder"),
    mark("disk"),
    mark("settings"),
    mark("clock"),
    mark("pause"),
    mark("proxy"),
    mark("certificates"),
    mark("timer"),
    mark("alerts"),
)
STATES = (
    mark("waiting"),
    mark("failed"),
    mark("gone"),
    mark("person"),
    mark("final"),
    mark("default"),
)
#: What of a body could not be kept, as `convert --losses` names it.
LOSSES = (
    mark("animation"),
    mark("audio-address"),
    mark("data-image"),
    mark("depth"),
    mark("drawing"),
    mark("embedded"),
    mark("form"),
    mark("image-without-address"),
    mark("live-photo"),
    mark("music-address"),
    mark("unpaid-part"),
    mark("unseen-text"),
)
