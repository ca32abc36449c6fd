# SPDX-License-Identifier: Apache-2.0
"""Integer networks: safelight in exact arithmetic beside LiteRT, ONNX Runtime and OpenVINO, interleaved, as bench.py does it.

Ours runs the same network as int8, as 16x8 with both kinds of bias, and as float32 by direct convolution. LiteRT's 16x8 kernels take
minutes on large pictures, so these are compared on a small one.
"""
import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "peers")]
import bench  # noqa: E402
import integer_networks  # noqa: E402
import model_files  # noqa: E402
import networks  # noqa: E402
import numbers_page  # noqa: E402
import processes  # noqa: E402
import write_onnx_integer  # noqa: E402
import write_tflite  # noqa: E402

OURS = "safelight"
# Root mean square of the difference to LiteRT's result, in steps of it, beyond which something else was computed.
AGREEMENT = 2.0


@dataclasses.dataclass
class Entry:
    """One runtime with one file. `kind`: int8, 16x8/32, 16x8/64 or float32."""
    runtime: str
    kind: str
    file: pathlib.Path
    input: pathlib.Path
    dtype: str
    layout: str = "nhwc"
    options: tuple = ()
    note: str = ""  # in the name, where two entries differ in options only

    @property
    def name(self):
        return f"{self.runtime} {self.kind}{self.note}"

    def command(self, shape, output, threads):
        common = ["--model", str(self.file), "--input", str(self.input), "--output", str(output), "--threads", str(threads)]
        if self.runtime == OURS:
            return [str(model_files.BUILD / "bench_runner"), *common, "--arithmetic", "exact", *self.options]
        return [sys.executable, str(pathlib.Path(__file__).parent / "peer_process.py"), "--peer", self.runtime, *common, "--layout",
                self.layout, "--shape", ",".join(map(str, shape)), "--outputs", "", "--dtype", self.dtype]


@dataclasses.dataclass
class Contest:
    name: str
    shape: tuple  # of the input: h w c
    output: tuple
    macs: int
    entries: list
    rounds: int


def write_inputs(contest_name, folder, shape, scales):
    """The picture in every type that the files take: {dtype: path}."""
    picture, paths = networks.picture(*shape), {}
    value = networks.Value("input", *shape)
    stored = {f"int{bits}": scales[bits].stored(value, picture) for bits in (8, 16)}
    arrays = {"float32": picture, **stored, "uint8": (stored["int8"].astype(np.int16) + 128).astype(np.uint8)}
    for dtype, array in arrays.items():
        paths[dtype] = folder / f"{contest_name}-{dtype}.input"
        array.tofile(paths[dtype])
    return paths


def network_contest(name, make, size, folder, options, peers, wide):
    """A described network at h, w; `wide`: LiteRT takes part with its 16x8 kernels, otherwise with int8 as the others."""
    net, ranges = make(*size), integer_networks.find_ranges(make, folder)
    scales = {bits: integer_networks.Scales(net, ranges, bits) for bits in (8, 16)}
    file = {kind: folder / f"{name}-{kind.replace('/', '-')}.tflite" for kind in ("int8", "16x8/32", "16x8/64", "float32")}
    integer_networks.write_integer_tflite(net, scales[8], 32, file["int8"])
    for bits in (32, 64):
        integer_networks.write_integer_tflite(net, scales[16], bits, file[f"16x8/{bits}"])
    write_tflite.write(net, file["float32"])
    onnx = folder / f"{name}-int8.onnx"
    write_onnx_integer.write(net, scales[8], onnx)
    shape = (net.source.h, net.source.w, net.source.c)
    inputs = write_inputs(name, folder, shape, scales)
    entries = []
    if "litert" in peers:
        for kind in ("16x8/64", "16x8/32") if wide else ("int8",):
            entries.append(Entry("litert", kind, file[kind], inputs["int8" if kind == "int8" else "int16"], "int8" if kind == "int8" else "int16"))
    for peer in ("onnxruntime", "openvino"):
        if peer in peers and not wide:
            entries.append(Entry(peer, "int8", onnx, inputs["uint8"], "uint8", "nchw"))
    for kind in ("16x8/64", "16x8/32") if wide else ("int8", "16x8/32", "16x8/64", "float32"):
        dtype = {"int8": "int8", "float32": "float32"}.get(kind, "int16")
        entries.append(Entry(OURS, kind, file[kind], inputs[dtype], dtype))
    if not wide and options.avx2:
        entries.append(Entry(OURS, "int8", file["int8"], inputs["int8"], "int8", options=("--simd", "AVX2"), note=", AVX2 only"))
    out = net.outputs[0]
    return Contest(name, shape, (out.h, out.w, out.c), net.macs(), entries, max(3, options.rounds // 3) if wide else options.rounds)


def abpn_contest(path, folder, options, peers):
    """Super-resolution x3 of 640x360 with uint8 at its ends, a file of others."""
    shape, output = (360, 640, 3), (1080, 1920, 3)
    source = folder / "ABPN-uint8.input"
    np.round(networks.picture(*shape) * 255).astype(np.uint8).tofile(source)
    entries = [Entry(runtime, "int8", path, source, "uint8") for runtime in ("litert", "openvino", OURS) if runtime in {OURS, *peers}]
    if options.avx2:
        entries.append(Entry(OURS, "int8", path, source, "uint8", options=("--simd", "AVX2"), note=", AVX2 only"))
    # 3x3: 3 to 28, five times 28 to 28, 28 to 27; one more of 27 to 27.
    macs = 360 * 640 * 9 * (3 * 28 + 4 * 28 * 28 + 28 * 27 + 27 * 27)
    return Contest(f"ABPN ({path.name})", shape, output, macs, entries, options.rounds)


def contests(options):
    folder = ROOT / "build" / "bench" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    peers = options.peers.split(",")
    wanted = options.networks.split(",")
    if "N2" in wanted:
        yield network_contest("N2", integer_networks.denoiser, (1080, 1440), folder, options, peers, wide=False)
    if "N2small" in wanted:
        yield network_contest("N2small", integer_networks.denoiser, (270, 360), folder, options, peers, wide=True)
    if "N3" in wanted:
        yield network_contest("N3", integer_networks.separable, (1080, 1440), folder, options, peers, wide=False)
    path = options.data / "models" / "image_to_image" / "superres" / "abpn_x3_ptq_u8io_360x640.tflite"
    if "ABPN" in wanted and not path.exists():
        print(f"SKIPPED: {path} is not here")
    elif "ABPN" in wanted:
        yield abpn_contest(path, folder, options, peers)


def read_output(path, entry, shape):
    """Stored values as int8 has them, n h w c."""
    values = np.fromfile(path, np.float32)
    path.unlink()
    if entry.layout == "nchw":
        h, w, c = shape
        values = values.reshape(c, h, w).transpose(1, 2, 0).ravel()
    return values - 128 if entry.dtype == "uint8" else values


def start_all(contest, threads):
    """({name: Runtime}, {name: why not}); LiteRT's entries come first and are what others of the kind are compared with."""
    running, refused, references = {}, {}, {}
    folder = ROOT / "build" / "bench" / "models"
    for entry in contest.entries:
        output = folder / f"{contest.entries.index(entry)}.out"
        try:
            runtime = processes.Runtime(entry.name, entry.command(contest.shape, output, threads), folder / "numbers.log")
        except processes.Failed as error:
            refused[entry.name] = str(error)
            continue
        result = read_output(output, entry, contest.output)
        reference = references.setdefault(entry.kind, result)
        difference = np.abs(result - reference)
        runtime.facts["differing"] = float(np.mean(difference > 0))
        runtime.facts["difference"] = float(difference.max())
        if not np.sqrt(np.mean(difference**2)) <= AGREEMENT:
            refused[entry.name] = f"its result differs from the first by {difference.max():.0f} steps"
            runtime.kill()
            continue
        running[entry.name] = runtime
    return running, refused


def measure(contest, threads, options):
    peak = processes.Runtime("peak", [str(model_files.BUILD / "bench_fma_peak"), "--threads", str(threads)],
                             ROOT / "build" / "bench" / "models" / "peak.log")
    try:
        running, refused = start_all(contest, threads)
        rounds = bench.run_rounds(running, peak, contest.rounds, options)
        facts = {name: {**runtime.facts, **runtime.end()} for name, runtime in running.items()}
    finally:
        processes.kill_all()
    return {"network": contest.name, "shape": contest.shape, "threads": threads, "gop": 2e-9 * contest.macs, "rounds": rounds,
            "facts": facts, "refused": refused, "simd": peak.facts["simd"],
            "peak": statistics.median(r["peak"]["value"] for r in rounds)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default="N2,N2small,N3,ABPN")
    parser.add_argument("--peers", default="litert,onnxruntime,openvino")
    parser.add_argument("--threads", default="2,1")
    parser.add_argument("--rounds", type=int, default=9, help="a third of it, at least 3, where LiteRT's 16x8 kernels take part")
    parser.add_argument("--no-avx2", dest="avx2", action="store_false", help="without the runs that leave AVX-512 out")
    parser.add_argument("--no-repeat", dest="repeat", action="store_false", help="disturbed turns are not repeated, only told")
    parser.add_argument("--seed", type=int, default=1, help="of the order of turns")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench" / "numbers.json")
    parser.add_argument("--write", action="store_true", help="write docs/numbers.md from this run")
    options = parser.parse_args()
    everything = {"machine": bench.machine(), "results": []}
    for contest in contests(options):
        for threads in map(int, options.threads.split(",")):
            everything["results"].append(measure(contest, threads, options))
            print("\n".join(numbers_page.table(everything["results"][-1])), flush=True)
            options.json.write_text(json.dumps(everything))
    print("\n".join(["", *numbers_page.goals(everything)]))
    if options.write:
        numbers_page.write(everything, ROOT / "docs" / "numbers.md")


if __name__ == "__main__":
    main()
