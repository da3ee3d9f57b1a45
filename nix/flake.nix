{
  description = "Matic: operating systems that update themselves and find their way back";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
      withPackage = module: {
        imports = [ module ];
        nixpkgs.overlays = [ self.overlays.default ];
      };
    in
    {
      overlays.default = final: _previous: {
        matic = final.callPackage ./package.nix { };
      };

      packages = forEachSystem (system: rec {
        matic = nixpkgs.legacyPackages.${system}.callPackage ./package.nix { };
        default = matic;
      });

      nixosModules = {
        matic-agent = withPackage ./modules/agent.nix;
        matic-fleet = withPackage ./modules/fleet.nix;
        default.imports = [
          self.nixosModules.matic-agent
          self.nixosModules.matic-fleet
        ];
      };

      # What a host with the modules would put into /etc/matic, checked by the programs themselves.
      checks = forEachSystem (
        system:
        import ./checks.nix {
          inherit nixpkgs system;
          modules = self.nixosModules;
          package = self.packages.${system}.matic;
        }
      );
    };
}
