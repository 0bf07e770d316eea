"""Rows as text for the terminal and as Markdown for docs/PERFORMANCE.md."""
import datetime
import re

from measure import figure

HEAD = """# Performance

Written by `bench/run --write`: each section says when and on what it was measured. Peers and limits run beside
ours, in the same run, on the same cores; figures move with the machine, ratios less so. A figure is the median
of its runs, a ratio the median of the runs' own ratios (ours over theirs).
`bench/setup-peers` installs the peers, `bench/run SECTION` repeats one section.
"""


def mark(row):
    return {True: "met", False: "not met", None: ""}[row.met()]


def line(row):
    text = f"  {row.what}: {figure(row.ours)} {row.unit}"
    if row.theirs is not None:
        text += f"; {row.beside} {figure(row.theirs)} {row.unit}"
    if row.ratio is not None:
        text += f"; ratio {row.ratio:.2f}"
    if row.target:
        text += f" (aim {row.target}{': ' + mark(row) if mark(row) else ''})"
    return text + (f"; {row.note}" if row.note else "")


def section_text(section, rows, remarks, machine):
    today = datetime.date.today().isoformat()
    out = [f"## {section.title}", f"<!-- section: {section.name} -->",
           f"{section.conditions} `bench/run {section.name}`, {today}, {machine}.", ""]
    if rows:
        out += ["| what | ours | beside it | ratio | aim |", "|---|---|---|---|---|"]
    for row in rows:
        beside = f"{row.beside} {figure(row.theirs)} {row.unit}" if row.theirs is not None else ""
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        aim = " ".join(part for part in (row.target, f"({mark(row)})" if mark(row) else "") if part)
        what = row.what + (f" ({row.note})" if row.note else "")
        out.append(f"| {what} | {figure(row.ours)} {row.unit} | {beside} | {ratio} | {aim} |")
    if remarks:
        out += ["", *[f"- {remark}" for remark in remarks]]
    return "\n".join(out) + "\n"


def merge(page, texts, order):
    """The page with these sections put in or replaced; sections it had stay as they were.
    @param texts  {name: Markdown}    @param order  names in the order of the page"""
    have = {}
    for chunk in re.split(r"(?m)^(?=## )", page):
        found = re.search(r"<!-- section: (\S+) -->", chunk)
        if found:
            have[found[1]] = chunk.rstrip() + "\n"
    have.update(texts)
    names = [name for name in order if name in have] + [name for name in have if name not in order]
    return HEAD + "".join("\n" + have[name] for name in names)
