# SPDX-License-Identifier: Apache-2.0
"""One runtime in one process, driven over pipes like bench_runner.

    peer_process.py --peer NAME --model FILE --input RAW --output RAW --threads N

Loads, compiles and runs once, writes the first output to --output (float32, the runtime's own layout) and prints one line of
JSON. Then, for each line "run" of the standard input, runs once and prints the seconds; for "end" prints the peak memory
as JSON and ends. Input and output stay in place between runs, in the layout that the runtime likes best.
"""
import argparse
import json
import os
import sys
import time

import numpy as np


def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def read_picture(options, layout):
    """The input picture; the file is raw n h w c floats."""
    h, w, c = options.shape
    if layout == "nhwc":
        return np.fromfile(options.input, np.float32).reshape(1, h, w, c)
    picture = np.empty((1, c, h, w), np.float32)
    with open(options.input, "rb") as file:  # row by row: no second copy in this process's peak
        for y in range(h):
            picture[0, :, y] = np.frombuffer(file.read(4 * w * c), np.float32).reshape(w, c).T
    return picture


class LiteRt:
    """TFLite's interpreter with XNNPACK, its default on CPUs."""

    layout = "nhwc"

    def load(self, options):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(model_path=options.model, num_threads=options.threads)

    def compile(self, options):
        self.interpreter.allocate_tensors()
        self.source = self.interpreter.get_input_details()[0]["index"]
        self.target = self.interpreter.get_output_details()[0]["index"]
        view = self.interpreter.tensor(self.source)()
        with open(options.input, "rb") as file:
            file.readinto(memoryview(view).cast("B"))

    def run(self):
        self.interpreter.invoke()

    def result(self):
        return self.interpreter.tensor(self.target)()


class OnnxRuntime:
    layout = "nchw"

    def load(self, options):
        import onnxruntime
        self.module = onnxruntime
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])

    def compile(self, options):
        self.binding = self.session.io_binding()
        port, out = self.session.get_inputs()[0], self.session.get_outputs()[0]
        self.source = read_picture(options, self.layout)
        self.target = np.zeros(out.shape, np.float32)
        for bind, name, array in ((self.binding.bind_input, port.name, self.source), (self.binding.bind_output, out.name, self.target)):
            bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.target


class Ncnn:
    layout = "nchw"

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
        self.picture = read_picture(options, self.layout)[0]  # the Mat only points at it
        self.source = self.module.Mat(self.picture)
        self.out = self.net.output_names()[0]

    def run(self):
        with self.net.create_extractor() as extractor:
            extractor.input("input", self.source)
            code, self.target = extractor.extract(self.out)
        if code:
            raise SystemExit(f"ncnn's run fails with {code}")

    def result(self):
        return np.array(self.target)


class Mnn:
    layout = "nchw"

    def load(self, options):
        import MNN
        self.module = MNN
        self.interpreter = MNN.Interpreter(options.model)

    def compile(self, options):
        config = {"backend": "CPU", "numThread": options.threads, "precision": "high"}
        self.session = self.interpreter.createSession(config)
        port = self.interpreter.getSessionInput(self.session)
        picture = read_picture(options, self.layout)
        holder = self.module.Tensor(picture.shape, self.module.Halide_Type_Float, picture, self.module.Tensor_DimensionType_Caffe)
        port.copyFrom(holder)
        self.target = self.interpreter.getSessionOutput(self.session)

    def run(self):
        self.interpreter.runSession(self.session)

    def result(self):
        shape = self.target.getShape()
        holder = self.module.Tensor(shape, self.module.Halide_Type_Float, np.zeros(shape, np.float32),
                                    self.module.Tensor_DimensionType_Caffe)
        self.target.copyToHostTensor(holder)
        return np.array(holder.getNumpyData()).reshape(shape)


class OpenVino:
    layout = "nchw"

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
        self.source = read_picture(options, "nhwc" if options.model.endswith(".tflite") else self.layout)
        self.target = np.zeros(tuple(compiled.outputs[0].shape), np.float32)
        self.request.set_input_tensor(self.module.Tensor(self.source, shared_memory=True))
        self.request.set_output_tensor(self.module.Tensor(self.target, shared_memory=True))

    def run(self):
        self.request.infer()

    def result(self):
        return self.target


PEERS = {"litert": LiteRt, "onnxruntime": OnnxRuntime, "ncnn": Ncnn, "mnn": Mnn, "openvino": OpenVino}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--shape", required=True, help="of the input: h,w,c", type=lambda s: tuple(map(int, s.split(","))))
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    # Runtimes print to the standard output; the pipe is ours alone.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    peer, before = PEERS[options.peer](), peak_kib()
    __import__({"litert": "ai_edge_litert.interpreter", "mnn": "MNN"}.get(options.peer, options.peer))
    start = time.perf_counter()
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
    facts = {"load_s": loaded - start, "compile_s": compiled - loaded, "first_s": ran - compiled, "interpreter_kib": before,
             "layout": "nhwc" if options.model.endswith(".tflite") else "nchw"}
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
