"""``wechat-archive convert``: a saved page as Markdown, nothing stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.each import about
from archive.i18n import gettext as _
from archive.i18n import mark

if TYPE_CHECKING:
    from archive.errors import BadInput
    from scraper.models import Article, Page


@archive_command("convert", short_help="Turn a saved page into Markdown; stores nothing.")
@click.argument("pages", metavar="PAGE.html|DIR|-…", nargs=-1, required=True)
@click.option(
    "--body", "body_only", is_flag=True, help="The body alone, without front matter and header."
)
@click.option("--losses", is_flag=True, help="Say on stderr what of the body could not be kept.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a page: every fact, body and Markdown."
)
@pass_app
def command(app: App, pages: tuple[str, ...], body_only: bool, losses: bool, as_json: bool) -> None:
    """Print a saved page of mp.weixin.qq.com (raw, or saved from a browser) as Markdown.

    - reads standard input; a folder stands for every page in it. Nothing is stored and nothing fetched: images and
    links keep their addresses. Several pages are printed one after the other; a page that cannot be
    read is told on stderr and the others go on.
    """
    import archive
    import scraper
    from archive.errors import BadInput
    from scraper.errors import ScrapeError

    failed: list[ScrapeError | BadInput] = []
    read = 0
    for name, page in _with_progress(app, pages):
        read += 1
        try:
            if isinstance(page, BadInput):
                raise page
            article = scraper.parse(page)
        except (ScrapeError, BadInput) as error:
            failed.append(error)
            app.tell(mark("error: {what}", what=about(name, error)), level="error")
            continue
        if as_json:
            click.echo(json.dumps(_facts(name, article), ensure_ascii=False))
        else:
            click.echo(
                archive.body_markdown(article) if body_only else archive.to_markdown(article),
                nl=False,
            )
        if losses:
            _tell_losses(app, name, article)
    if failed:
        raise click.exceptions.Exit(failed[0].exit_code if read == 1 else 1)


def _with_progress(app: App, names: tuple[str, ...]) -> Iterator[tuple[str, Page | BadInput]]:
    """Told while the pages go elsewhere than to the terminal."""
    from archive.cli.progress import counted, progress
    from archive.saved.pages import pages_in

    if sys.stdout.isatty() or not app.is_interactive:
        yield from _pages(names)
        return
    total = sum(
        sum(1 for _page in pages_in(Path(name))) if Path(name).is_dir() else 1 for name in names
    )
    with progress(app, _("reading pages")) as step:
        yield from counted(_pages(names), total, step)


def _pages(names: tuple[str, ...]) -> Iterator[tuple[str, Page | BadInput]]:
    from archive.errors import BadInput
    from archive.saved.files import LARGEST
    from archive.saved.pages import pages_in, saved_page, saved_pages

    for name in names:
        if name == "-":
            try:
                body = sys.stdin.buffer.read(LARGEST + 1)
                yield _("standard input"), saved_page(body, "file:///dev/stdin").page
            except BadInput as error:
                yield (
                    _("standard input"),
                    BadInput(mark("{name}: {error}", name=mark("standard input"), error=error)),
                )
            continue
        place = Path(name)
        for path, saved in saved_pages(pages_in(place) if place.is_dir() else [place]):
            yield str(path), saved if isinstance(saved, BadInput) else saved.page


def _facts(name: str, article: Article) -> dict[str, object]:
    import archive
    from archive import record

    return {
        "page": name,
        **json.loads(record.dumps(article)),
        "kind_name": article.kind_name,
        "body": article.body,
        "text": article.text,
        "markdown": archive.to_markdown(article),
    }


def _tell_losses(app: App, name: str, article: Article) -> None:
    for loss in article.losses:
        what = mark("{n} × {kind}", n=loss.count, kind=mark(loss.kind))
        if loss.where:
            what = mark("{what} near {place!r}", what=what, place=loss.where)
        app.tell(mark("{place}: {what}", place=name, what=what))
    if not article.losses:
        app.tell(mark("{name}: nothing was lost", name=name))
