# SPDX-License-Identifier: Apache-2.0

"""Fuzz targets: for tests, which run their corpora, and for libFuzzer, which looks for more."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, corpus, corpus_test, deps):
    """Declares what `LLVMFuzzerTestOneInput` in NAME.cc is good for.

    With libFuzzer: ./bazelw run --config=fuzz //PACKAGE:NAMEer -- $PWD/PACKAGE/CORPUS. It adds to
    that folder what reaches something new, and keeps what breaks the target.

    Args:
      name: of the target and its source; it ends in "_fuzz".
      corpus: the folder with its inputs, in this package.
      corpus_test: the name of the test that runs them.
      deps: what the source needs.
    """
    cc_library(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        deps = deps,
        alwayslink = True,
    )
    cc_test(
        name = corpus_test,
        size = "small",
        data = native.glob([corpus + "/*"]),
        env = {"CORPUS": native.package_name() + "/" + corpus},
        deps = [
            ":" + name,
            "//tests/fuzz:corpus",
        ],
    )
    cc_binary(
        name = name + "er",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],  # With --config=fuzz alone it links.
        deps = [":" + name],
    )
