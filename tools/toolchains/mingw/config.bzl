# SPDX-License-Identifier: Apache-2.0

"""How gcc for Windows is called: x86_64-w64-mingw32-g++-posix, version 12."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "artifact_name_pattern",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)

_TARGET = "x86_64-w64-mingw32"
_TOOLS = "/usr/bin/" + _TARGET + "-"

_COMPILE_CPP = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]
_COMPILE = _COMPILE_CPP + [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
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

def _features():
    return [
        # The values of --compilation_mode, which others ask for by these names.
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "opt"),
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, [
                    # Objects of templates have more sections than the format has numbers for.
                    "-Wa,-mbig-obj",
                    # Windows 10, and of its headers neither the macros min and max nor the half
                    # that nobody needs.
                    "-D_WIN32_WINNT=0x0A00",
                    "-DNOMINMAX",
                    "-DWIN32_LEAN_AND_MEAN",
                    # printf of C99 in place of the one from before.
                    "-D__USE_MINGW_ANSI_STDIO=1",
                ]),
                _flags(_COMPILE, ["-g"], mode = "dbg"),
                _flags(_COMPILE, ["-O2", "-DNDEBUG"], mode = "opt"),
            ],
        ),
        # The same sources are the same bytes, whenever they were compiled.
        feature(
            name = "no_dates",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, ["-Wno-builtin-macro-redefined"] + [
                    "-D__%s__=\"redacted\"" % macro
                    for macro in ["DATE", "TIME", "TIMESTAMP"]
                ]),
                _flags(_LINK, ["-Wl,--no-insert-timestamp"]),
            ],
        ),
        # Names that only a debugger asks for are three quarters of a program.
        feature(
            name = "no_symbols",
            enabled = True,
            flag_sets = [_flags(_LINK, ["-Wl,-s"], unless = "dbg")],
        ),
        # Programs run where no compiler is installed. Features come behind the libraries of a
        # target on the command line, where the linker still looks for what those need.
        feature(
            name = "system_libraries",
            enabled = True,
            flag_sets = [_flags(_LINK, [
                "-static",
                "-lstdc++",
                "-lws2_32",
                "-liphlpapi",
                "-lbcrypt",
                "-ldbghelp",
            ])],
        ),
        # Names the kind of system to rules that ask: what a program's file is called.
        feature(name = "targets_windows", enabled = True),
    ]

def _mingw_toolchain_config_impl(ctx):
    gcc = "/usr/lib/gcc/" + _TARGET + "/12-posix"
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = _features(),
        artifact_name_patterns = [
            artifact_name_pattern(category_name = "executable", prefix = "", extension = ".exe"),
        ],
        cxx_builtin_include_directories = [
            gcc + "/include",
            gcc + "/include-fixed",
            "/usr/" + _TARGET + "/include",
            "/usr/share/mingw-w64/include",
        ],
        toolchain_identifier = "mingw-w64",
        host_system_name = "x86_64-linux-gnu",
        target_system_name = _TARGET,
        target_cpu = "x64_windows",
        target_libc = "mingw-w64",
        compiler = "mingw-gcc",
        abi_version = "local",
        abi_libc_version = "local",
        tool_paths = [
            tool_path(name = name, path = _TOOLS + tool)
            for name, tool in {
                "ar": "ar",
                "cpp": "cpp-posix",
                "gcc": "gcc-posix",
                "gcov": "gcov-posix",
                "ld": "ld",
                "nm": "nm",
                "objcopy": "objcopy",
                "objdump": "objdump",
                "strip": "strip",
            }.items()
        ] + [tool_path(name = "dwp", path = "/bin/false")],
    )

mingw_toolchain_config = rule(
    implementation = _mingw_toolchain_config_impl,
    attrs = {},
    provides = [CcToolchainConfigInfo],
)
