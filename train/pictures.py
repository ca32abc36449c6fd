# SPDX-License-Identifier: Apache-2.0
"""Pictures to train on: photographs from a folder, pictures drawn by this program, and random crops of both.

A picture is uint8 [h, w, 3], RGB, 0..255. A pair is (input, target) whose sizes differ by a whole factor `scale`; the
whole pairs stay in memory (about 300 MB for 400 photographs of 481x321) and every batch crops them anew.
"""
import pathlib

import numpy as np
from PIL import Image, ImageDraw

from imresize import imresize, to_8bit

EXTENSIONS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


def load(path):
    """uint8 [h, w, 3] RGB of a picture file."""
    return np.asarray(Image.open(path).convert("RGB"))


def find(folder):
    """Sorted picture files below a folder; an error that names the folder when there is none."""
    files = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in EXTENSIONS)
    if not files:
        raise SystemExit(f"{folder}: no pictures found")
    return files


def split(files, held_out):
    """(training files, validation files): `held_out` files spread evenly over the sorted list are kept back."""
    if held_out <= 0:
        return files, []
    if len(files) <= held_out:
        raise SystemExit(f"{len(files)} pictures are too few: {held_out} are held out for validation")
    kept_back = {len(files) * i // held_out for i in range(held_out)}
    return ([f for i, f in enumerate(files) if i not in kept_back],
            [f for i, f in enumerate(files) if i in kept_back])


def make_pair(target, scale, degrade):
    """Crops target to whole multiples of scale and pairs it with degrade(target): (input, target), both uint8."""
    height, width = (size - size % scale for size in target.shape[:2])
    target = np.ascontiguousarray(target[:height, :width])
    return degrade(target), target


class Crops:
    """Random crops of many pairs. A pair's chance is its weight times its area."""

    def __init__(self, pairs, weights, scale, size, rng):
        """pairs: [(input, target)]; weights: one number per pair; size: crop edge in input pixels."""
        usable = [i for i, (x, _) in enumerate(pairs) if min(x.shape[:2]) >= size]
        if not usable:
            raise SystemExit(f"no training picture is at least {size * scale} pixels high and wide")
        self.pairs = [pairs[i] for i in usable]
        chance = np.array([weights[i] * pairs[i][0].shape[0] * pairs[i][0].shape[1] for i in usable], np.float64)
        self.chance = chance / chance.sum()
        self.scale, self.size, self.rng = scale, size, rng

    def batch(self, count):
        """(inputs [count, size, size, 3], targets [count, size*scale, size*scale, 3]), float32 in 0..1, turned and
        mirrored at random."""
        s, n = self.scale, self.size
        inputs = np.empty((count, n, n, 3), np.float32)
        targets = np.empty((count, n * s, n * s, 3), np.float32)
        for k, which in enumerate(self.rng.choice(len(self.pairs), count, p=self.chance)):
            x, y = self.pairs[which]
            top = self.rng.integers(x.shape[0] - n + 1)
            left = self.rng.integers(x.shape[1] - n + 1)
            quarter, mirror = self.rng.integers(4), self.rng.integers(2)
            for out, crop in ((inputs, x[top:top + n, left:left + n]),
                              (targets, y[s * top:s * (top + n), s * left:s * (left + n)])):
                crop = np.rot90(crop, quarter)
                out[k] = crop[:, ::-1] if mirror else crop
        return inputs / 255.0, targets / 255.0


def random_colour(rng):
    return tuple(int(c) for c in rng.integers(0, 256, 3))


def pink_noise(edge, rng):
    """[edge, edge] noise with a 1/f amplitude spectrum, as photographs have; mean 0, standard deviation 1."""
    fy, fx = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None, :]
    frequency = np.maximum(np.hypot(fy, fx), 1.0 / edge)
    spectrum = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    noise = np.fft.irfft2(spectrum / frequency, (edge, edge))
    return (noise - noise.mean()) / noise.std()


def draw_leaves(draw, edge, rng):
    """Many overlapping discs, polygons and lines, small ones more often than large ones."""
    for _ in range(int(rng.integers(80, 500))):
        radius = 6 * (1 - rng.random()) ** -0.8
        radius = min(radius, edge / 3)
        x, y = rng.random(2) * edge
        kind = rng.integers(4)
        if kind == 0:
            draw.ellipse([x - radius, y - radius * 0.7, x + radius, y + radius * 0.7], fill=random_colour(rng))
        elif kind == 3:
            angle = rng.random() * 2 * np.pi
            dx, dy = 3 * radius * np.cos(angle), 3 * radius * np.sin(angle)
            draw.line([x - dx, y - dy, x + dx, y + dy], fill=random_colour(rng), width=int(rng.integers(2, 10)))
        else:
            angles = np.sort(rng.random(int(rng.integers(3, 7)))) * 2 * np.pi
            draw.polygon([(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles], fill=random_colour(rng))


def draw_strokes(draw, edge, rng):
    """Rows of short strokes and arcs with the density of printed text."""
    y, colour = 8.0, random_colour(rng)
    while y < edge:
        height = float(rng.integers(12, 44))
        width = int(max(2, height / rng.uniform(5, 12)))
        x = 8.0
        while x < edge:
            box = [x, y, x + height * 0.55, y + height]
            for _ in range(int(rng.integers(1, 4))):
                if rng.random() < 0.6:
                    ends = rng.choice([0.0, 0.5, 1.0], 4)
                    draw.line([x + ends[0] * height * 0.55, y + ends[1] * height,
                               x + ends[2] * height * 0.55, y + ends[3] * height], fill=colour, width=width)
                else:
                    draw.arc(box, int(rng.integers(360)), int(rng.integers(360, 720)), fill=colour, width=width)
            x += height * rng.choice([0.75, 0.75, 0.75, 1.3])
        y += height * 1.5


def grating(edge, rng):
    """float [edge, edge, 3] in 0..255: a chirped grating between two colours, smooth or with hard edges."""
    yy, xx = np.mgrid[0:edge, 0:edge] / edge
    angle, cycles = rng.random() * np.pi, rng.uniform(5, 60)
    along = xx * np.cos(angle) + yy * np.sin(angle) + rng.uniform(-0.3, 0.3) * (xx * xx + yy * yy)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * cycles * along)
    if rng.random() < 0.5:
        wave = (wave > 0.5).astype(float)
    a, b = (np.array(random_colour(rng), float) for _ in range(2))
    return wave[..., None] * a + (1 - wave[..., None]) * b


def procedural(count, rng, edge=720):
    """`count` drawn pictures, uint8 [edge/2, edge/2, 3]: leaves, strokes and gratings, drawn double and halved."""
    made = []
    for index in range(count):
        if index % 4 == 3:
            canvas = grating(edge, rng)
        else:
            picture = Image.new("RGB", (edge, edge), random_colour(rng))
            (draw_strokes if index % 4 == 2 else draw_leaves)(ImageDraw.Draw(picture), edge, rng)
            canvas = np.asarray(picture, np.float64)
        light = 0.85 + 0.12 * pink_noise(edge, rng)
        grain = rng.choice([0.0, 3.0, 8.0]) * pink_noise(edge, rng)
        canvas = np.clip(canvas * light[..., None] + grain[..., None], 0, 255)
        made.append(to_8bit(imresize(canvas, 0.5)))
    return made
