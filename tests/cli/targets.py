# SPDX-License-Identifier: Apache-2.0
"""safelight check: what targets take, as a report, a matrix, JSON and tables; wrong targets and damaged models."""
import json
import os
import subprocess

import broken_models
from bench import MODEL, ROOT, check

TARGET = """{"name": "mine", "title": "My chip", "date": "2026", "sources": [{"title": "a", "where": "b", "date": "c"}],
 "others": {"taken": "no", "reason": "it has no such op"}, "instead_of_op": {"DEPTH_TO_SPACE": "use TRANSPOSE_CONV"},
 "ops": [{"ops": ["CONV_2D"], "types": ["float32"]}]}"""


@check
def a_report_tells_what_is_left_why_and_what_to_change(bench):
    mine = bench.file("mine.json", TARGET.encode())
    text = bench.run("check", "--target", mine, MODEL)
    for words in ("upscale_x3 on mine: My chip, as of 2026", "partitions taken", "not taken", "it has no such op.",
                  "to change: use TRANSPOSE_CONV"):
        assert words in text, f"'{words}' is not in: {text}"
    assert text == bench.run("check", MODEL, "--target", mine)
    assert text == bench.run("check", "upscale_x3", "--target", mine)


@check
def the_matrix_fits_the_terminal(bench):
    for columns in (60, 80, 140):
        text = bench.run("check", MODEL, MODEL, env={**os.environ, "COLUMNS": str(columns)})
        lines = text.split("\n\n", 1)[1].splitlines()
        assert max(map(len, lines)) <= columns, f"{max(map(len, lines))} columns, the terminal has {columns}"
        assert sum(line.startswith("model") for line in lines) == text.count("\nmodel") >= 1
        for target in ("gpu", "nnapi-fl7", "hexagon", "qnn-htp", "coreml-2", "edgetpu", "ethos-u85", "synaptics", "xnnpack"):
            assert target in text, target


@check
def json_holds_every_node_with_its_reasons(bench):
    data = json.loads(bench.run("check", MODEL, "--target", "hexagon", "--target", "gpu", "--json"))
    assert [model["model"] for model in data] == ["upscale_x3"]
    hexagon, gpu = data[0]["targets"]
    assert hexagon["nodes_taken"] == 0 and hexagon["node_count"] == len(hexagon["nodes"]) > 0
    assert all(node["taken"] == "no" and node["reasons"] for node in hexagon["nodes"])
    assert gpu["nodes_taken"] == gpu["node_count"] and gpu["macs_taken"] == gpu["macs"] > 0
    assert len(gpu["partitions"]) == 1


@check
def targets_are_listed_with_their_sources(bench):
    text = bench.run("check", "--target", "list")
    assert "nnapi-29" in text and "as of" in text
    listed = json.loads(bench.run("check", "--target", "list", "--json"))
    assert all(target["sources"] and target["date"] for target in listed)


@check
def the_page_has_the_list_of_targets(bench):
    page = (ROOT / "docs" / "targets.md").read_text()
    assert bench.run("check", "--target", "list", "--markdown") in page, "docs/targets.md: run tools/targets_page.py"


@check
def wrong_targets_and_damaged_models_are_refused(bench):
    bench.run("check", MODEL, "--target", "abacus", code=1, says="known are: all, gpu, nnapi-27")
    bench.run("check", code=1, says="no model is given")
    bench.run("check", bench.folder / "none.tflite", code=1, says="none.tflite")
    broken = bench.file("broken.tflite", MODEL.read_bytes()[:5000])
    bench.run("check", MODEL, broken, code=1, says="broken.tflite: the file is damaged or cut short")
    bench.run("check", bench.file("page.tflite", b"<!DOCTYPE html><html></html>"), code=1, says="HTML page")
    wrong = bench.file("wrong.json", TARGET.replace("CONV_2D", "CONV2D").encode())
    bench.run("check", MODEL, "--target", wrong, code=1, says="wrong.json: ops[0].ops: 'CONV2D'")


@check
def flipped_bits_are_refused_or_checked(bench):
    seed = 5
    print(f"        seed {seed}")
    for data in broken_models.flipped(MODEL.read_bytes(), 40, seed):
        model = bench.file("bad.tflite", data)
        result = subprocess.run([bench.program, "check", model, "--details"], capture_output=True, text=True,
                                errors="replace", timeout=60)
        assert result.returncode in (0, 1), f"exit code {result.returncode}: {result.stderr}"
        assert result.stderr.count("\n") == result.returncode, result.stderr
