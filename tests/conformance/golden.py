# SPDX-License-Identifier: Apache-2.0
"""Results that others wrote down: single ops of 16x8 (tflite-micro's SEANet tests) and a classifier of two pictures."""
import numpy as np

import models


def read_csv(path, dtype, shape):
    return np.array(path.read_text().replace("\n", ",").strip(",").split(","), np.int64).astype(dtype).reshape(shape)


def check_op(program, path, folder):
    """Inputs and results are files beside the model: every value must be the same."""
    details = models.open_litert(path, models.OpResolverType.BUILTIN_REF)
    inputs = []
    for i, detail in enumerate(details.get_input_details()):
        file = next(path.parent.glob(f"{path.stem}_input{i}_*.csv"))
        inputs.append(read_csv(file, detail["dtype"], detail["shape"]))
    output = details.get_output_details()[0]
    expected = read_csv(next(path.parent.glob(f"{path.stem}_golden_*.csv")), output["dtype"], output["shape"])
    ours, message = models.run_safelight(program, path, inputs, 1, folder)
    name = f"golden {path.parent.name}/{path.name}"
    if ours is None:
        return models.refusal(name, path.name, message)
    apart = int(np.count_nonzero(ours[0] != expected))
    return models.Row(name, "FAILED" if apart else "ok", f"{apart} of {expected.size} differ" if apart else "", apart, kind="16x8")


def check_person(program, path, folder):
    """The picture with a person must look like one, the other must not."""
    for name, answer in [("person.bmp", 1), ("no_person.bmp", 0)]:
        data = (path.parent / name).read_bytes()
        begin = int.from_bytes(data[10:14], "little")
        pixels = np.frombuffer(data, np.uint8, 96 * 96, begin).reshape(96, 96)[::-1]
        picture = pixels.view(np.int8).reshape(1, 96, 96, 1)  # the bytes are the stored values
        ours, message = models.run_safelight(program, path, [picture], 1, folder)
        if ours is None or int(ours[0].argmax()) != answer:
            return models.Row("golden person_detect", "FAILED", message or f"{name}: {ours[0].tolist()}")
    return models.Row("golden person_detect", "ok", kind="int8")


def check_all(program, data, folder, only):
    rows = []
    ops = sorted((data / "reference").glob("tflm_seanet_int16/*/*.tflite"))
    ops = [path for path in ops if any(path.parent.glob(f"{path.stem}_golden_*.csv"))]
    for check, path in [(check_op, path) for path in ops] + [(check_person, p) for p in (data / "reference").glob("person_detect/*.tflite")]:
        if only in path.name:
            rows.append(check(program, path, folder))
            print(models.format_row(rows[-1]), flush=True)
    return rows
