# SPDX-License-Identifier: Apache-2.0
"""One runtime in one process, driven over pipes like bench_runner.

Loads, compiles and runs once, writes the first output to --output (as float32, the runtime's own layout) and prints one line of
JSON. Inputs are of --dtype, as in the file of --input; integers stay integers. Then, for each line "run" of the standard input, runs once and prints the seconds; for "end" prints the peak memory
as JSON and ends. Inputs and outputs stay in place between runs, in the layout that the runtime's file has.
"""
import argparse
import json
import math
import os
import sys
import time

import numpy as np


def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def read_planar(options):
    """The one input as [1, c, h, w]; row by row, so that no second copy is in this process's peak."""
    h, w, c = options.shape
    picture = np.empty((1, c, h, w), options.dtype)
    with open(options.input, "rb") as file:
        for y in range(h):
            picture[0, :, y] = np.frombuffer(file.read(picture.itemsize * w * c), picture.dtype).reshape(w, c).T
    return picture


def read_inputs(options, shapes):
    """An array for each input, from the file in which they lie one after another, n h w c."""
    if options.layout == "nchw":
        return [read_planar(options)]
    with open(options.input, "rb") as file:
        return [np.fromfile(file, options.dtype, math.prod(shape)).reshape(shape) for shape in shapes]


class LiteRt:
    """TFLite's interpreter with XNNPACK, its default on CPUs."""

    def load(self, options):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(model_path=options.model, num_threads=options.threads)

    def compile(self, options):
        self.interpreter.allocate_tensors()
        self.target = self.interpreter.get_output_details()[0]["index"]
        with open(options.input, "rb") as file:
            for port in self.interpreter.get_input_details():
                file.readinto(memoryview(self.interpreter.tensor(port["index"])()).cast("B"))

    def run(self):
        self.interpreter.invoke()

    def result(self):
        return self.interpreter.tensor(self.target)()


class LiteRtYnnpack:
    """LiteRT's newer call with its experimental delegate; wheels built without it refuse."""

    def load(self, options):
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.cpu_options import CpuOptions
        from ai_edge_litert.options import Options
        settings = Options(cpu_options=CpuOptions(num_threads=options.threads, enable_ynnpack=True))
        try:
            self.model = CompiledModel.from_file(options.model, options=settings)
        except RuntimeError:
            raise SystemExit("this wheel of ai-edge-litert is built without YNNPACK") from None

    def compile(self, options):
        self.inputs, self.outputs = self.model.create_input_buffers(0), self.model.create_output_buffers(0)
        with open(options.input, "rb") as file:
            for buffer in self.inputs:
                shape = buffer.get_tensor_details()["shape"]
                buffer.write(np.fromfile(file, np.float32, math.prod(shape)).reshape(shape))

    def run(self):
        self.model.run_by_index(0, self.inputs, self.outputs)

    def result(self):
        shape = self.outputs[0].get_tensor_details()["shape"]
        return self.outputs[0].read(math.prod(shape), np.float32)


class OnnxRuntime:
    def load(self, options):
        import onnxruntime
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])

    def compile(self, options):
        self.binding = self.session.io_binding()
        self.inputs = read_inputs(options, [port.shape for port in self.session.get_inputs()])
        self.outputs = [np.zeros(port.shape, options.dtype) for port in self.session.get_outputs()]
        for bind, ports, arrays in ((self.binding.bind_input, self.session.get_inputs(), self.inputs),
                                    (self.binding.bind_output, self.session.get_outputs(), self.outputs)):
            for port, array in zip(ports, arrays):
                bind(port.name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.outputs[0]


class Ncnn:
    def load(self, options):
        import ncnn
        self.module, self.net = ncnn, ncnn.Net()
        self.net.opt.use_vulkan_compute = False
        self.net.opt.num_threads = options.threads
        self.pools = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()
        self.net.opt.blob_allocator, self.net.opt.workspace_allocator = self.pools
        if self.net.load_param(options.model) or self.net.load_model(options.model.removesuffix(".param") + ".bin"):
            raise SystemExit(f"{options.model}: ncnn does not load it")

    def compile(self, options):
        # A copy in ncnn's own memory: a Mat only points at numpy's, which is not aligned as its kernels want it.
        picture = read_planar(options)[0]
        self.source = self.module.Mat(picture).clone()
        self.names = options.outputs

    def run(self):
        with self.net.create_extractor() as extractor:
            extractor.input("input", self.source)
            results = [extractor.extract(name) for name in self.names]
        if any(code for code, _ in results):
            raise SystemExit(f"ncnn's run fails with {[code for code, _ in results]}")
        self.targets = [mat for _, mat in results]

    def result(self):
        return np.array(self.targets[0])


class Mnn:
    def load(self, options):
        import MNN
        self.module = MNN
        self.interpreter = MNN.Interpreter(options.model)

    def holder(self, array, layout):
        kind = self.module.Tensor_DimensionType_Caffe if layout == "nchw" else self.module.Tensor_DimensionType_Tensorflow
        return self.module.Tensor(array.shape, self.module.Halide_Type_Float, array, kind)

    def compile(self, options):
        config = {"backend": "CPU", "numThread": options.threads, "precision": "high"}
        self.layout, self.names = options.layout, options.outputs
        self.session = self.interpreter.createSession(config)
        ports = self.interpreter.getSessionInputAll(self.session)
        if len(ports) != 1:
            raise SystemExit("MNN orders several inputs in a way of its own: not compared")
        (port,) = ports.values()
        (picture,) = read_inputs(options, [(1, *options.shape)])
        port.copyFrom(self.holder(picture, self.layout))

    def run(self):
        self.interpreter.runSession(self.session)

    def result(self):
        target = self.interpreter.getSessionOutput(self.session, *self.names[:1])
        array = np.zeros(target.getShape(), np.float32)
        holder = self.holder(array, self.layout)
        target.copyToHostTensor(holder)
        return np.array(holder.getNumpyData())


class OpenVino:
    def load(self, options):
        import openvino
        self.module = openvino
        self.core = openvino.Core()
        self.model = self.core.read_model(options.model)

    def compile(self, options):
        # Without the hint OpenVINO computes in bfloat16 where the CPU has it: another function.
        settings = {"INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY",
                    "NUM_STREAMS": 1}
        compiled = self.core.compile_model(self.model, "CPU", settings)
        self.request = compiled.create_infer_request()
        self.inputs = read_inputs(options, [tuple(port.shape) for port in compiled.inputs])
        self.outputs = [np.zeros(tuple(port.shape), options.dtype) for port in compiled.outputs]
        for port, array in zip([*compiled.inputs, *compiled.outputs], self.inputs + self.outputs):
            self.request.set_tensor(port, self.module.Tensor(array, shared_memory=True))

    def run(self):
        self.request.infer()

    def result(self):
        return self.outputs[0]


# name -> (class, module imported before the clock starts)
PEERS = {"litert": (LiteRt, "ai_edge_litert.interpreter"), "litert-ynnpack": (LiteRtYnnpack, "ai_edge_litert.compiled_model"),
         "onnxruntime": (OnnxRuntime, "onnxruntime"), "ncnn": (Ncnn, "ncnn"), "mnn": (Mnn, "MNN"), "openvino": (OpenVino, "openvino")}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--layout", required=True, choices=("nhwc", "nchw"), help="of the model's inputs")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--shape", required=True, help="of the input: h,w,c", type=lambda s: tuple(map(int, s.split(","))))
    parser.add_argument("--outputs", required=True, help="their names, the first first; empty: the runtime's own order",
                        type=lambda s: [name for name in s.split(",") if name])
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--dtype", default="float32", type=np.dtype, help="of inputs and outputs")
    return parser.parse_args()


def main():
    options = parse()
    # Runtimes print to the standard output; the pipe is ours alone.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    before = peak_kib()
    kind, module = PEERS[options.peer]
    __import__(module)
    peer, start = kind(), time.perf_counter()
    peer.load(options)
    loaded = time.perf_counter()
    peer.compile(options)
    compiled = time.perf_counter()
    peer.run()
    ran = time.perf_counter()
    first_peak = peak_kib()
    np.ascontiguousarray(peer.result(), np.float32).tofile(options.output)
    with open("/proc/self/clear_refs", "w") as reset:  # the peak begins anew, without the copies just made
        reset.write("5")
    facts = {"load_s": loaded - start, "compile_s": compiled - loaded, "first_s": ran - compiled, "interpreter_kib": before}
    print(json.dumps(facts), file=pipe)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        start = time.perf_counter()
        peer.run()
        print(time.perf_counter() - start, file=pipe)
    print(json.dumps({"peak_kib": max(first_peak, peak_kib())}), file=pipe)
    pipe.flush()
    os._exit(0)  # not the runtimes' destructors: some hang


if __name__ == "__main__":
    sys.exit(main())
