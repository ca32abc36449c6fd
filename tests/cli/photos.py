# SPDX-License-Identifier: Apache-2.0
"""Photos through real networks: right size, right place, right colours; odd pictures; memory. The shared collection is
found through SAFELIGHT_SHARED or beside the checkout; checks that need it skip without."""
import os
import struct
import sys
import zlib

import numpy as np

from bench import MODEL, ROOT, Skip, check, png_bytes

sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "peers")]
import networks  # noqa: E402
import write_tflite  # noqa: E402

# Networks that give back the picture they take, larger or cleaned: scale, and the mean difference (of 255) between the
# result, shrunk again, and the photo.
FAITHFUL = {
    "deblur/deblur_256_fp32": (1, 9), "deblur/deblur_256_f16w": (1, 9), "deblur/small_2conv_256_fp32": (1, 9),
    "superres/edsr_f32b5_fp32_540x960": (2, 0.5), "superres/edsr_f32b5_fp32_dynamic": (2, 0.5),
    "superres/espcn_x2_nopadding_f16w": (2, 0.5), "superres/espcn_x2_padding_f16w": (2, 0.5),
    "superres/espcn_x3_padding_f16w": (3, 0.5), "superres/evsrnet_x4_f16w": (4, 4),
}
# Networks that brighten: the result must be brighter, of the photo's size.
BRIGHTENING = ["lowlight/zero_dce_lite_160x160_f16w", "lowlight/zero_dce_lite_160x160_fp32",
               "lowlight/zero_dce_lite_200x300_fp32", "lowlight/iat_enhance_512_fp32"]


def shared(*parts):
    """A path in the shared collection."""
    folders = [os.environ["SAFELIGHT_SHARED"]] if "SAFELIGHT_SHARED" in os.environ else [p / "shared" for p in ROOT.parents]
    for folder in folders:
        path = ROOT.joinpath(folder, "data", *parts)
        if path.exists():
            return path
    raise Skip("the shared data is not here: put it beside the checkout or name it in SAFELIGHT_SHARED")


def read_png(path):
    """Pixels of an 8-bit RGB PNG file without interlacing."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
            assert (depth, color) == (8, 2), f"{path}: {depth} bits, colour type {color}"
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    pixels = np.zeros((height + 1, width + 1, 3), np.int32)
    for y, line in enumerate(lines):
        residue = line[1:].astype(np.int32).reshape(width, 3)
        for x in range(width):
            left, up, corner = pixels[y + 1, x], pixels[y, x + 1], pixels[y, x]
            near = np.abs(np.stack([up - corner, left - corner, left + up - 2 * corner]))
            paeth = np.where((near[0] <= near[1]) & (near[0] <= near[2]), left, np.where(near[1] <= near[2], up, corner))
            guess = [0, left, up, (left + up) // 2, paeth][line[0]]
            pixels[y + 1, x + 1] = (residue[x] + guess) % 256
    return pixels[1:, 1:]


def paint(width, height):
    """Soft discs of strong colours on a ramp."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([40 + 120 * x / width, 60 + 100 * y / height, 150 - 90 * x / width], axis=2)
    for i, color in enumerate([(190, 30, 30), (30, 60, 190), (210, 180, 40), (40, 140, 60), (180, 120, 100)]):
        distance = np.hypot(x - width * (0.15 + 0.18 * i), y - height * (0.3 + 0.4 * (i % 2)))
        weight = 1 / (1 + np.exp((distance - height / 6) / 1.5))[..., None]
        picture = picture * (1 - weight) + np.array(color) * weight
    return picture.round().astype(np.uint8)


def photo(bench, name, pixels):
    return bench.file(name, png_bytes(pixels.shape[1], pixels.shape[0], b"".join(b"\0" + r.tobytes() for r in pixels)))


@check
def real_networks_give_the_photo_back_in_its_size_place_and_colours(bench):
    folder, pixels = shared("models", "image_to_image"), paint(61, 47)
    picture, out = photo(bench, "photo.png", pixels), bench.folder / "out.png"
    for name, (scale, bound) in FAITHFUL.items():
        bench.run("run", folder / f"{name}.tflite", picture, "-o", out, says=f": {61 * scale}x{47 * scale}")
        shrunk = read_png(out).reshape(47, scale, 61, scale, 3).mean(axis=(1, 3))
        off = np.abs(shrunk - pixels).mean()
        assert off < bound, f"{name}: {off:.2f} of 255 from the photo"
        if scale == 1:
            continue
        # A picture in the wrong place is nearer to a shifted photo.
        inner = np.s_[4:-4, 4:-4]
        for shift in [(0, 1), (1, 0), (0, -1), (-1, 0)]:
            moved = np.abs(shrunk - np.roll(pixels, shift, (0, 1)))[inner].mean()
            assert moved > np.abs(shrunk - pixels)[inner].mean(), f"{name}: lies {shift} off"


@check
def networks_for_dark_photos_brighten_them(bench):
    folder, pixels = shared("models", "image_to_image"), paint(61, 47) // 4
    picture, out = photo(bench, "photo.png", pixels), bench.folder / "out.png"
    for name in BRIGHTENING:
        bench.run("run", folder / f"{name}.tflite", picture, "-o", out, says=": 61x47")
        assert read_png(out).mean() > 1.3 * pixels.mean(), name


@check
def a_network_for_raw_sensor_data_takes_no_photo(bench):
    model = shared("models", "image_to_image", "isp", "learned_isp_544x960x4_fp32.tflite")
    bench.run("run", model, bench.png(), "-o", bench.folder / "out.png", code=1, says="takes raw sensor data")


@check
def a_recurrent_network_goes_through_a_folder_frame_by_frame(bench):
    model = shared("models", "image_to_image", "superres", "video_rrn_16_x4_fp32.tflite")
    wide = paint(80, 47)
    for name in ("frames", "once", "twice", "alone"):
        (bench.folder / name).mkdir()
    for i in range(3):
        photo(bench, f"frames/{i}.png", np.ascontiguousarray(wide[:, 4 * i : 4 * i + 61]))
    state, frames = ("--state", "Identity_1=input_2"), bench.folder / "frames"
    bench.run("run", model, frames, "-o", bench.folder / "once", code=1, says="--state Identity_1=input_2")
    bench.run("run", model, frames, "-o", bench.folder / "once", *state, says="2 frames, the newest last")
    bench.run("run", model, frames, "-o", bench.folder / "twice", *state)
    bench.run("run", model, frames / "2.png", "-o", bench.folder / "alone", *state)
    for i in range(3):
        assert (bench.folder / f"once/{i}.png").read_bytes() == (bench.folder / f"twice/{i}.png").read_bytes(), i
    last = read_png(bench.folder / "once/2.png")
    assert last.shape == (188, 244, 3)
    assert np.abs(last.reshape(47, 4, 61, 4, 3).mean(axis=(1, 3)) - wide[:, 8:69]).mean() < 4
    assert (last != read_png(bench.folder / "alone/2.png")).any(), "the frames before make no difference"


@check
def odd_pictures_run_or_get_a_sentence(bench):
    folder = shared("images", "formats")
    model = shared("models", "image_to_image", "deblur", "small_2conv_256_fp32.tflite")
    refused = 0
    for i, path in enumerate(sorted(p for p in folder.rglob("*") if p.is_file())):
        out = bench.folder / f"{i}.png"
        try:
            bench.run("run", model, path, "-o", out)
        except AssertionError as error:
            assert str(error).startswith("exit code 1,"), f"{path}: {error}"
            bench.run("run", model, path, "-o", out, code=1, says=path.name)
            assert not out.exists(), f"{path} left something behind"
            refused += 1
    assert 20 <= refused <= 35, f"{refused} pictures were refused"


@check
def which_arithmetic_a_dynamic_range_network_ran_is_on_record(bench):
    model, out = shared("models", "dense", "selfie_meet_144x256_dynrange.tflite"), bench.folder / "out.npy"
    tensor = bench.tensor(height=144, width=256)
    for options, says in [((), "waits for the range of its whole input"), (("--arithmetic", "exact"), "waits for the range"),
                          (("--arithmetic", "fast"), "ops with float values became float32")]:
        text = bench.run("run", model, tensor, "-o", out, *options, says=says)
        assert ("waits for" in text) != ("became float32" in text), text


@check
def a_turned_photo_comes_out_upright_with_its_metadata(bench):
    path, out = shared("images", "formats", "6.jpg"), bench.folder / "out.jpg"
    text = bench.run("run", MODEL, path, "-o", out, "--quality", 80)
    assert b"Exif\0\0" in path.read_bytes() and b"Exif\0\0" in out.read_bytes()
    # Orientation 6 lies on its side in the file: width and height change places.
    data = path.read_bytes()
    frame = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC2) and data[i + 2] == 0)
    height, width = struct.unpack(">HH", data[frame + 5 : frame + 9])
    assert f": {height}x{width} -> " in text and f": {3 * height}x{3 * width}," in text, text


@check
def a_large_photo_takes_its_pixels_and_a_few_rows(bench):
    # One inner map of 28 channels of 1440x1080 would be 174 MB, the result as floats 168 MB.
    text = bench.run("run", MODEL, bench.png("large.png", 1080, 1440), "-o", bench.folder / "out.png", "--threads", 2)
    engine, tensors, peak = sizes(text)
    pixels = 1440 * 1080 * 3 * (1 + 9)
    assert tensors == 0 and engine < 16 << 20, text
    assert pixels < peak < engine + pixels + (12 << 20), text


@check
def a_denoiser_of_a_large_photo_peaks_under_30_mb(bench):
    path = bench.folder / "n2.tflite"
    write_tflite.write(networks.n2(), path)
    text = bench.run("run", path, bench.png("large.png", 1080, 1440), "-o", bench.folder / "out.png", "--threads", 2)
    assert 2 * 1440 * 1080 * 3 < sizes(text)[2] < 30e6, text


def sizes(text):
    """Bytes of the engine, of tensors and of the whole process, as `run` tells them."""
    words = text.rsplit("engine ", 1)[1].replace(",", "").split()
    size = lambda number, unit: float(number) * {"B": 1, "KB": 1024, "MB": 1 << 20}[unit]
    return size(*words[0:2]), size(*words[3:5]), size(*words[-2:])
