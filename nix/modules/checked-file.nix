# A YAML file for a program, in /nix/store only when the program finds nothing wrong with it.
{ pkgs, lib }:

{
  name,
  value,
  # A shell command that ends with something else than 0 where `$file` is wrong.
  check,
  # What the check takes, found in its PATH.
  programs,
}:
let
  # A program of another architecture cannot be asked.
  can_ask = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;
in
pkgs.runCommand name
  {
    nativeBuildInputs = [ pkgs.jq ] ++ lib.optionals can_ask programs;
    content = builtins.toJSON value;
    passAsFile = [ "content" ];
    preferLocalBuild = true;
  }
  ''
    file=$PWD/${name}
    jq . "$contentPath" > "$file"
    ${lib.optionalString can_ask check}
    cp "$file" "$out"
  ''
