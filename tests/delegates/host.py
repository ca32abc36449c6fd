# SPDX-License-Identifier: Apache-2.0
"""One run of a model in a host of the TFLite interface: whichever of its packages this Python has.

  host.py JOB.json

The job: model, outputs (a prefix for .npy files), and optionally delegate (a library), options ({key: value}), inputs
(.npy files; else noise of a seed), sizes (shape of the first input, one after another), reference (the resolver of the
reference kernels), threads, runs. Prints one line of JSON: {"outputs": [names], "ms": [...], "peak_kib": ..., "host": ...} or
{"error": ...}.
"""
import importlib
import importlib.metadata
import json
import sys
import time

import numpy as np


def peak_kib_so_far():
    """Of this process alone: what getrusage says includes the parent before this program began."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def load_host():
    """(module of the interpreter, name and version of the package)."""
    for package, module in (("ai-edge-litert", "ai_edge_litert.interpreter"), ("tflite-runtime", "tflite_runtime.interpreter"),
                            ("tensorflow-cpu", "tensorflow.lite"), ("tensorflow", "tensorflow.lite")):
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        host = importlib.import_module("tensorflow" if module == "tensorflow.lite" else module)
        if module == "tensorflow.lite":
            host = host.lite
            host.load_delegate = host.experimental.load_delegate
            host.OpResolverType = host.experimental.OpResolverType
        return host, f"{package} {version}"
    raise ImportError("no package with a TFLite interpreter")


def noise(detail, shape, random):
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f":
        return random.random(shape, np.float32).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(max(info.min, -32768), min(info.max, 32767) + 1, shape).astype(dtype)


def run(job):
    host, name = load_host()
    base_kib = peak_kib_so_far()
    keywords = {"num_threads": job.get("threads", 1)}
    if job.get("reference"):
        keywords["experimental_op_resolver_type"] = host.OpResolverType.BUILTIN_REF
    if job.get("delegate"):
        keywords["experimental_delegates"] = [host.load_delegate(job["delegate"], job.get("options", {}))]
    interpreter = host.Interpreter(job["model"], **keywords)
    names, ms = [], []
    for k, size in enumerate(job.get("sizes") or [None]):
        if size is not None:
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], size)
        interpreter.allocate_tensors()
        random = np.random.default_rng(7 + k)
        for i, detail in enumerate(interpreter.get_input_details()):
            array = np.load(job["inputs"][i]) if job.get("inputs") else noise(detail, detail["shape"], random)
            interpreter.set_tensor(detail["index"], array)
        for _ in range(job.get("runs", 1)):
            begin = time.perf_counter()
            interpreter.invoke()
            ms.append(1e3 * (time.perf_counter() - begin))
        for i, detail in enumerate(interpreter.get_output_details()):
            names.append(f"{job['outputs']}.{k}.{i}.npy")
            np.save(names[-1], interpreter.get_tensor(detail["index"]))
    peak_kib = peak_kib_so_far()
    return {"outputs": names, "ms": ms, "peak_kib": peak_kib, "base_kib": base_kib, "host": name}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    try:
        print(json.dumps(run(job)))
    except (RuntimeError, ValueError, OSError) as error:
        print(json.dumps({"error": str(error)}))


if __name__ == "__main__":
    main()
