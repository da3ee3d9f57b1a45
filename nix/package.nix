# The programs of a Nix host and of a controller: matic-agent and osctl.
{
  lib,
  stdenv,
  abseil-cpp,
  c-ares,
  cli11,
  cmake,
  curl,
  gnu-efi,
  grpc,
  gtest,
  libdivsufsort,
  ninja,
  nlohmann_json,
  openssl,
  pkg-config,
  prometheus-cpp,
  protobuf,
  python3,
  re2,
  spdlog,
  sqlite,
  squashfs-tools-ng,
  systemd,
  tl-expected,
  util-linux,
  xxHash,
  yaml-cpp,
  zlib,
  zstd,
}:

let
  root = ../.;
  version = builtins.head (
    builtins.match ".*project\\(matic VERSION ([0-9.]+) .*" (builtins.readFile (root + "/CMakeLists.txt"))
  );
  # What the programs are built from, so that they are not built anew for a changed document.
  sources = [
    "CMakeLists.txt"
    "agent"
    "boot"
    "cmake"
    "docs"
    "lib"
    "osctl"
    "packaging"
    "proto"
    "tests"
  ];
  efi = stdenv.hostPlatform.parsed.cpu.name;
in
stdenv.mkDerivation {
  pname = "matic";
  inherit version;

  src = builtins.path {
    name = "matic-source";
    path = root;
    filter =
      path: _type:
      let
        relative = lib.removePrefix (toString root + "/") (toString path);
      in
      builtins.elem (builtins.head (lib.splitString "/" relative)) sources;
  };

  strictDeps = true;
  nativeBuildInputs = [
    cmake
    grpc
    ninja
    pkg-config
    protobuf
    python3
  ];
  buildInputs = [
    abseil-cpp
    c-ares
    cli11
    curl
    gnu-efi
    grpc
    gtest
    libdivsufsort
    nlohmann_json
    openssl
    prometheus-cpp
    protobuf
    re2
    spdlog
    sqlite
    squashfs-tools-ng
    systemd
    tl-expected
    util-linux
    xxHash
    yaml-cpp
    zlib
    zstd
  ];

  cmakeFlags = [
    "-DCMAKE_BUILD_TYPE=RelWithDebInfo"
    "-DGNU_EFI_INCLUDE_DIR=${gnu-efi}/include/efi"
    "-DGNU_EFI_LIBRARY=${gnu-efi}/lib/libgnuefi.a"
    "-DGNU_EFI_START=${gnu-efi}/lib/crt0-efi-${efi}.o"
    "-DGNU_EFI_SCRIPT=${gnu-efi}/lib/elf_${efi}_efi.lds"
  ];
  # The project takes warnings of its own compiler for errors; others warn of other things.
  env.NIX_CFLAGS_COMPILE = "-Wno-error";

  # Without the tests and the boot selector: a Nix host has its own boot loader.
  ninjaFlags = [
    "matic-agent"
    "matic-agent-completion"
    "matic-deadline"
    "osctl"
    "osctl-completion"
  ];

  # The units that name /usr/bin are made by the NixOS module.
  installPhase = ''
    runHook preInstall
    install -D -t $out/bin bin/matic-agent bin/matic-deadline bin/osctl
    install -D -m 644 -t $out/share/man/man1 $src/docs/man/osctl.1
    install -D -m 644 -t $out/share/man/man5 $src/docs/man/agent.yaml.5 $src/docs/man/fleet.yaml.5
    install -D -m 644 -t $out/share/man/man8 $src/docs/man/matic-agent.8
    for program in matic-agent osctl; do
      install -D -m 644 completion/$program.bash $out/share/bash-completion/completions/$program
      install -D -m 644 completion/$program.zsh $out/share/zsh/site-functions/_$program
      install -D -m 644 -t $out/share/fish/vendor_completions.d completion/$program.fish
    done
    runHook postInstall
  '';

  meta = {
    description = "Update agent with trials and automatic rollback, and its command line";
    license = lib.licenses.asl20;
    mainProgram = "osctl";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
