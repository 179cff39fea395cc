# SPDX-License-Identifier: Apache-2.0

"""How zig is called for macOS: `zig c++ -target aarch64-macos`, version 0.11 (clang 16)."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "variable_with_value",
    "with_feature_set",
)

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]
_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(actions, flags, mode = None, unless = None):
    features = []
    if mode:
        features = [with_feature_set(features = [mode])]
    elif unless:
        features = [with_feature_set(not_features = [unless])]
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = features,
    )

# Bazel's own flags for a Mac are those of Apple's libtool.
def _archiver():
    objects = [
        flag_group(
            flags = ["%{libraries_to_link.name}"],
            expand_if_equal = variable_with_value(
                name = "libraries_to_link.type",
                value = "object_file",
            ),
        ),
        flag_group(
            flags = ["%{libraries_to_link.object_files}"],
            iterate_over = "libraries_to_link.object_files",
            expand_if_equal = variable_with_value(
                name = "libraries_to_link.type",
                value = "object_file_group",
            ),
        ),
    ]
    return feature(
        name = "archiver_flags",
        enabled = True,
        flag_sets = [flag_set(
            actions = [ACTION_NAMES.cpp_link_static_library],
            flag_groups = [
                flag_group(flags = ["--format=darwin", "rcsD"]),
                flag_group(
                    flags = ["%{output_execpath}"],
                    expand_if_available = "output_execpath",
                ),
                flag_group(
                    iterate_over = "libraries_to_link",
                    flag_groups = objects,
                    expand_if_available = "libraries_to_link",
                ),
            ],
        )],
    )

def _features(frameworks):
    search = "-F" + frameworks
    return [
        _archiver(),
        # The values of --compilation_mode, which others ask for by these names.
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, [
                    # Without -O, zig turns on a sanitizer.
                    "-fno-sanitize=undefined",
                    # Abseil of 2022, seen by a clang of 2023.
                    "-Wno-deprecated-builtins",
                    search,
                ]),
                _flags(_COMPILE, ["-g"], mode = "dbg"),
                # It also turns on debugging information, which names the sandbox's folder.
                _flags(_COMPILE, ["-g0"], unless = "dbg"),
                _flags(_COMPILE, ["-O2", "-DNDEBUG"], mode = "opt"),
            ],
        ),
        # The same sources are the same bytes, whenever they were compiled.
        feature(
            name = "no_dates",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, ["-no-canonical-prefixes", "-Wno-builtin-macro-redefined"] + [
                    "-D__%s__=\"redacted\"" % macro
                    for macro in ["DATE", "TIME", "TIMESTAMP"]
                ]),
            ],
        ),
        feature(
            name = "frameworks",
            enabled = True,
            flag_sets = [_flags(_LINK, [search, "-framework", "CoreFoundation"])],
        ),
        # What no function of the program reaches is half of what it is linked from.
        feature(
            name = "no_dead_code",
            enabled = True,
            flag_sets = [_flags(_LINK, ["-Wl,-dead_strip"])],
        ),
    ]

def _macos_toolchain_config_impl(ctx):
    cpu = ctx.attr.cpu
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = _features(ctx.attr.frameworks),
        cxx_builtin_include_directories = [ctx.attr.zig_lib],
        toolchain_identifier = "zig-" + cpu,
        host_system_name = "x86_64-linux-gnu",
        target_system_name = cpu,
        target_cpu = cpu,
        target_libc = "macosx",
        compiler = "clang",
        abi_version = "local",
        abi_libc_version = "local",
        tool_paths = [
            tool_path(name = name, path = cpu + "/" + tool)
            for name, tool in {"gcc": "cc", "cpp": "cc", "ar": "ar"}.items()
        ] + [
            tool_path(name = name, path = "/bin/false")
            for name in ["ld", "nm", "objcopy", "objdump", "strip", "gcov", "dwp"]
        ],
    )

macos_toolchain_config = rule(
    implementation = _macos_toolchain_config_impl,
    attrs = {
        "cpu": attr.string(mandatory = True),
        "frameworks": attr.string(mandatory = True, doc = "The folder of them, for the compiler."),
        "zig_lib": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
