# SPDX-License-Identifier: Apache-2.0
"""The x3 super-resolution network of the ABPN kind: its layers, its training data, training, evaluation and export.

    python train/upscale.py train --minutes 30     train and write train/checkpoints/upscale_x3.npz
    python train/upscale.py evaluate               luma PSNR on Set5 from that checkpoint, beside bicubic
    python train/upscale.py export                 write models/upscale_x3.tflite and check it against this program
    python train/upscale.py check                  bicubic down and up on Set5 must give 30.39 to 30.41 dB

The network is a residual on nearest-neighbour enlargement: seven 3x3 convolutions make 27 channels, the input repeated
nine times is added, and depth-to-space turns 27 channels into 3x3 blocks of RGB. Everything is float32 in 0..1.
"""
import argparse
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

import library
import pictures
from imresize import imresize, to_8bit

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCALE = 3
CHANNELS = (3, 28, 28, 28, 28, 28, 27, 27)  # ReLU after every convolution but the last
# Photographs at these sizes (1 = as stored): shrinking removes JPEG blocks and gives sharp chroma. (size, weight)
SIZES = ((1.0, 1.0), (0.7, 1.6), (0.5, 3.0))
DRAWN, DRAWN_WEIGHT = 80, 0.4


def unclipped(params, x):
    """x: [n, h, w, 3] in 0..1 -> [n, 3h, 3w, 3], not clipped (training needs gradients everywhere)."""
    z = x
    for index, (weight, bias) in enumerate(params):
        z = library.conv(z, weight, bias)
        if index < len(params) - 1:
            z = jax.nn.relu(z)
    z = z + jnp.tile(x, (1, 1, 1, SCALE * SCALE))
    n, h, w, _ = z.shape
    z = z.reshape(n, h, w, SCALE, SCALE, 3).transpose(0, 1, 3, 2, 4, 5)
    return z.reshape(n, h * SCALE, w * SCALE, 3)


@jax.jit
def network(params, x):
    """The network as exported: [n, h, w, 3] in 0..1 -> [n, 3h, 3w, 3] in 0..1."""
    return jnp.minimum(jax.nn.relu(unclipped(params, x)), 1.0)


def loss(params, x, y):
    """Charbonnier distance in RGB plus the same in luma, which the eye and the benchmarks weigh most."""
    error = unclipped(params, x) - y
    grey = error @ jnp.array([0.299, 0.587, 0.114], jnp.float32)
    return jnp.mean(jnp.sqrt(error * error + 1e-6)) + jnp.mean(jnp.sqrt(grey * grey + 1e-6))


def degrade(target):
    """uint8 [3h, 3w, 3] -> uint8 [h, w, 3]: antialiased bicubic to a third, rounded to 8 bits."""
    return imresize(target, 1 / SCALE)


def enlarge(params, picture):
    """uint8 [h, w, 3] -> uint8 [3h, 3w, 3] by the network."""
    return to_8bit(np.asarray(network(params, picture[None].astype(np.float32) / 255))[0] * 255.0)


def training_pairs(options, rng):
    """(pairs, weights, validation pairs) from the chosen source."""
    pairs, weights, held_out = [], [], []
    if options.source in ("photos", "all"):
        folder = options.pictures or options.data / "images" / "train"
        files, kept_back = pictures.split(pictures.find(folder), options.held_out)
        held_out = [pictures.make_pair(pictures.load(f), SCALE, degrade) for f in kept_back]
        for file in files:
            photo = pictures.load(file)
            for size, weight in SIZES:
                target = photo if size == 1.0 else imresize(photo, size)
                pairs.append(pictures.make_pair(target, SCALE, degrade))
                weights.append(weight)
    if options.source in ("drawn", "all"):
        for target in pictures.procedural(DRAWN if pairs else 4 * DRAWN, rng):
            pairs.append(pictures.make_pair(target, SCALE, degrade))
            weights.append(DRAWN_WEIGHT)
    return pairs, weights, held_out


def initial_state(seed):
    return library.new_state(library.init_convs(CHANNELS, jax.random.PRNGKey(seed)))


def command_train(options):
    """Trains for options.minutes and leaves a checkpoint."""
    rng = np.random.default_rng(options.seed)
    pairs, weights, held_out = training_pairs(options, rng)
    state = initial_state(options.seed)
    if options.resume:
        state = library.restore(options.checkpoint, state)
        rng = np.random.default_rng([options.seed, state["step"]])
    crops = pictures.Crops(pairs, weights, SCALE, options.crop, rng)
    print(f"{library.count(state['params'])} parameters, {len(crops.pairs)} pictures, {len(held_out)} held out, "
          f"seed {options.seed}, from step {state['step']}", flush=True)

    def validate(params):
        return np.mean([library.luma_psnr(enlarge(params, x), y, SCALE) for x, y in held_out])

    state = library.train(state, loss, lambda: crops.batch(options.batch), options.minutes, options.rate,
                          options.checkpoint, validate if held_out else None)
    print(f"done: {state['step']} steps in {state['elapsed_s'] / 60:.1f} minutes")
    if held_out:
        print(f"validation {validate(state['average']):.3f} dB")


def set5(options):
    """Yields (number, low-resolution picture, high-resolution picture) of Set5 x3."""
    folder = options.data / "images" / "set5" / "x3"
    for number in range(1, 6):
        yield number, *(pictures.load(folder / f"img_00{number}_SRF_3_{kind}.png") for kind in ("LR", "HR"))


def command_evaluate(options):
    """Prints a table of luma PSNR on Set5 x3: bicubic and the network."""
    params = library.restore(options.checkpoint, initial_state(0))["average"]
    rows = []
    print("| picture | bicubic, dB | network, dB |\n|---|---|---|")
    for number, low, high in set5(options):
        bicubic = library.luma_psnr(imresize(low, SCALE), high, SCALE)
        rows.append((bicubic, library.luma_psnr(enlarge(params, low), high, SCALE)))
        print(f"| img_00{number} | {rows[-1][0]:.2f} | {rows[-1][1]:.2f} |")
    print("| mean | {:.2f} | {:.2f} |".format(*np.mean(rows, axis=0)))


def command_check(options):
    """Proves imresize: the published bicubic number of Set5 x3 and the published low-resolution pictures."""
    scores, equal = [], []
    for _, low, high in set5(options):
        down = degrade(high)
        h, w = min(low.shape[0], down.shape[0]), min(low.shape[1], down.shape[1])
        equal.append(np.mean(down[:h, :w] == low[:h, :w]))
        scores.append(library.luma_psnr(imresize(down, SCALE), high, SCALE))
    print(f"bicubic Set5 x3: {np.mean(scores):.4f} dB; samples equal to the published pictures: {np.mean(equal):.4f}")
    if not 30.385 <= np.mean(scores) <= 30.415:
        raise SystemExit("imresize does not reproduce the published bicubic number, 30.39 to 30.41 dB")


def command_export(options):
    """Writes the .tflite file and compares it with this program on several sizes."""
    import export_tflite
    params = library.restore(options.checkpoint, initial_state(0))["average"]
    params = [(np.asarray(w), np.asarray(b)) for w, b in params]
    options.model.parent.mkdir(parents=True, exist_ok=True)
    options.model.write_bytes(export_tflite.abpn(params, SCALE, (360, 640)))
    for height, width in ((360, 640), (37, 53), (1, 1), (2, 19)):
        x = np.random.default_rng(height).random((1, height, width, 3), np.float32)
        worst = np.abs(export_tflite.run(options.model, x) - np.asarray(network(params, x))).max()
        print(f"{width}x{height}: largest difference {worst:.2e}")
        if worst > 1e-5:
            raise SystemExit(f"{options.model}: the exported network differs by {worst} at {width}x{height}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("train", "evaluate", "export", "check"))
    add = parser.add_argument
    add("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data", help="default ../shared/data")
    add("--pictures", type=pathlib.Path, help="folder of your own photographs instead of DATA/images/train")
    add("--source", choices=("photos", "drawn", "all"), default="all", help="what to train on (default all)")
    add("--held-out", type=int, default=15, help="photographs kept back for validation (default 15)")
    add("--minutes", type=float, default=30, help="training time in all, resumed runs counted in (default 30)")
    add("--resume", action="store_true", help="go on from the checkpoint")
    add("--seed", type=int, default=1)
    add("--rate", type=float, default=1.5e-3, help="learning rate at the start (default 0.0015)")
    add("--batch", type=int, default=16, help="crops per step (default 16)")
    add("--crop", type=int, default=24, help="edge of a crop in input pixels (default 24)")
    add("--checkpoint", type=pathlib.Path, default=ROOT / "train" / "checkpoints" / "upscale_x3.npz")
    add("--model", type=pathlib.Path, default=ROOT / "models" / "upscale_x3.tflite", help="file that export writes")
    options = parser.parse_args()
    commands = dict(train=command_train, evaluate=command_evaluate, export=command_export, check=command_check)
    commands[options.command](options)


if __name__ == "__main__":
    main()
