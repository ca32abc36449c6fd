# SPDX-License-Identifier: Apache-2.0
"""The parts every training program shares: convolution, Adam, averaged weights, the timed loop, checkpoints, luma PSNR.

Parameters are a list of (weight [3, 3, in, out], bias [out]) in float32. A state is a dictionary of
`params`, `first` and `second` (Adam's moments), `average` (moving average of the parameters: what is evaluated and
exported), `step` and `elapsed_s`. The learning rate falls along a cosine of the *time* spent, so that a run asked for
N minutes ends with a finished schedule on any machine.
"""
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np


def conv(x, weight, bias):
    """3x3 convolution, zero padding. x: [n, h, w, in] -> [n, h, w, out]."""
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=layout) + bias


def init_convs(channels, key, last_gain=0.1):
    """He-initialised parameters for a chain of 3x3 convolutions; channels: widths, input first."""
    params = []
    for index, (fan_in, fan_out) in enumerate(zip(channels[:-1], channels[1:])):
        key, own = jax.random.split(key)
        gain = last_gain if index == len(channels) - 2 else 1.0
        weight = jax.random.normal(own, (3, 3, fan_in, fan_out)) * gain * np.sqrt(2 / (9 * fan_in))
        params.append((weight.astype(jnp.float32), jnp.zeros(fan_out, jnp.float32)))
    return params


def count(params):
    """Number of trained numbers."""
    return sum(int(np.prod(a.shape)) for a in jax.tree.leaves(params))


def new_state(params):
    """A state before its first step."""
    zero = jax.tree.map(jnp.zeros_like, params)
    return dict(params=params, first=zero, second=zero, average=params, step=0, elapsed_s=0.0)


def make_step(loss):
    """loss(params, x, y) -> compiled step(params, first, second, average, t, rate, x, y) -> (... , loss value)."""
    @jax.jit
    def step(params, first, second, average, t, rate, x, y):
        value, grad = jax.value_and_grad(loss)(params, x, y)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grad)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grad)
        first_scale, second_scale = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        params = jax.tree.map(
            lambda p, m, v: p - rate * m * first_scale / (jnp.sqrt(v * second_scale) + 1e-8), params, first, second)
        keep = jnp.minimum(0.999, (1 + t) / (10 + t))
        average = jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, average, params)
        return params, first, second, average, value
    return step


def save(path, state):
    """Writes a state as one .npz (four float32 copies of the parameters), beside its name first, then renamed."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"step": np.int64(state["step"]), "elapsed_s": np.float64(state["elapsed_s"])}
    for name in ("params", "first", "second", "average"):
        for index, leaf in enumerate(jax.tree.leaves(state[name])):
            arrays[f"{name}.{index}"] = np.asarray(leaf)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(path)


def restore(path, state):
    """The state of a checkpoint; `state` gives the structure and the expected shapes."""
    if not pathlib.Path(path).exists():
        raise SystemExit(f"{path}: no such checkpoint; the command `train` makes it")
    stored = np.load(path)
    out = dict(step=int(stored["step"]), elapsed_s=float(stored["elapsed_s"]))
    for name in ("params", "first", "second", "average"):
        leaves, tree = jax.tree.flatten(state[name])
        found = [jnp.asarray(stored[f"{name}.{i}"]) for i in range(len(leaves)) if f"{name}.{i}" in stored]
        if [a.shape for a in found] != [a.shape for a in leaves]:
            raise SystemExit(f"{path}: holds a network of another shape")
        out[name] = jax.tree.unflatten(tree, found)
    return out


def train(state, loss, batch, minutes, rate, checkpoint, validate=None, every_s=60.0, print_every=500):
    """Runs steps until state['elapsed_s'] reaches minutes * 60; returns the state.

    batch(): (x, y) float32. rate: learning rate at the start (after 200 steps of warm-up), 1 % of it at the end.
    checkpoint: path, written every `every_s` seconds and at the end. validate(average): a number to print, or None;
    asked ten times a run, its time is not counted as training.
    """
    step = make_step(loss)
    total_s, saved_s, validated_s, recent = minutes * 60.0, state["elapsed_s"], state["elapsed_s"], []
    while state["elapsed_s"] < total_s:
        begin = time.perf_counter()
        t = state["step"] + 1
        fall = 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * state["elapsed_s"] / total_s))
        x, y = batch()
        *trees, value = step(state["params"], state["first"], state["second"], state["average"],
                             np.float32(t), np.float32(rate * fall * min(1.0, t / 200)), x, y)
        recent.append(float(value))
        if not np.isfinite(recent[-1]):
            raise SystemExit(f"step {t}: the loss is no number; try a lower --rate")
        elapsed_s = state["elapsed_s"] + time.perf_counter() - begin
        state = dict(zip(("params", "first", "second", "average"), trees), step=t, elapsed_s=elapsed_s)
        if t % print_every == 0:
            print(f"step {t} minute {elapsed_s / 60:.1f} loss {np.mean(recent):.5f}", flush=True)
            recent = []
        if elapsed_s - saved_s > every_s:
            save(checkpoint, state)
            saved_s = elapsed_s
        if validate and elapsed_s - validated_s > total_s / 10:
            print(f"step {t} minute {elapsed_s / 60:.1f} validation {validate(state['average']):.3f} dB", flush=True)
            validated_s = elapsed_s
    save(checkpoint, state)
    return state


def luma(picture):
    """BT.601 studio-range luma, 16..235, float64 [h, w]; picture: [h, w, 3] RGB in 0..255."""
    return 16 + picture.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def luma_psnr(a, b, border):
    """PSNR in dB of two 8-bit RGB pictures' luma without `border` pixels at each edge; sizes cut to the smaller."""
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    inner = slice(border, height - border), slice(border, width - border)
    error = luma(a[:height, :width])[inner] - luma(b[:height, :width])[inner]
    return float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-12)))
