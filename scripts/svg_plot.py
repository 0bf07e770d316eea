"""The little of SVG that scripts/plots needs: axes over time, lines, rectangles."""
import math
from datetime import datetime, timezone


def moment(text):
    """Seconds since the epoch of an RFC 3339 time in UTC."""
    return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc).timestamp()


class Svg:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def rect(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>')

    def path(self, d, fill="none", stroke="none", width=1.0, opacity=1.0):
        self.parts.append(f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width}" opacity="{opacity}"'
                          f' stroke-linejoin="round"/>')

    def text(self, x, y, words, anchor="start", bold=False):
        weight = ' font-weight="bold"' if bold else ""
        words = str(words).replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{words}</text>')

    def document(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'font-family="sans-serif" font-size="12" fill="#222">\n'
                f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


class Axes:
    """Time to the right, values up; `log` scales values by their logarithm."""

    def __init__(self, svg, left, top, width, height, times, values, log=False):
        self.svg, self.left, self.top, self.width, self.height = svg, left, top, width, height
        self.first, self.last = times[0], times[-1]
        self.scale = math.log10 if log else float
        low, high = self.scale(min(values)), self.scale(max(values))
        room = 0.04 * (high - low) if log else 0.0
        self.low, self.high, self.log = low - room, high + room, log

    def x(self, time):
        return self.left + self.width * (time - self.first) / (self.last - self.first)

    def y(self, value):
        return self.top + self.height * (self.high - self.scale(value)) / (self.high - self.low)

    def line(self, times, values, stroke, width):
        points = [f"{self.x(t):.1f} {self.y(v):.1f}" for t, v in zip(times, values)]
        self.svg.path("M" + "L".join(points), stroke=stroke, width=width)

    def ticks(self):
        if not self.log:
            steps = 5
            return [self.low + (self.high - self.low) * i / steps for i in range(steps + 1)]
        return [m * 10.0 ** e for e in range(math.floor(self.low), math.ceil(self.high) + 1) for m in (1, 2, 5)
                if self.low <= math.log10(m * 10.0 ** e) <= self.high]

    def years(self, y):
        for year in range(datetime.fromtimestamp(self.first, timezone.utc).year,
                          datetime.fromtimestamp(self.last, timezone.utc).year + 1):
            at = datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()
            if self.first <= at <= self.last:
                self.svg.text(self.x(at), y + 14, year, anchor="middle")
                self.svg.path(f"M{self.x(at):.1f} {self.top}V{y:.1f}", stroke="#555", width=0.4, opacity=0.6)

    def frame(self):
        bottom = self.top + self.height
        self.svg.path(f"M{self.left} {self.top}h{self.width}v{self.height}h-{self.width}z", stroke="#555", width=0.8)
        for value in self.ticks():
            self.svg.path(f"M{self.left} {self.y(value):.1f}h{self.width}", stroke="#555", width=0.4, opacity=0.4)
            self.svg.text(self.left - 6, self.y(value) + 4, f"{value:g}", anchor="end")
        self.years(bottom)
