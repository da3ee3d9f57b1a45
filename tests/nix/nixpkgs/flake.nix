# Stands for nixpkgs where nix/flake.nix is looked at without a network.
{
  outputs = _: {
    lib = import ./lib.nix;
    legacyPackages = { };
  };
}
