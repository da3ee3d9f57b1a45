# The options of NixOS that the modules set or look at, with the types that NixOS gives them.
{ lib, pkgs, ... }:

let
  inherit (lib) mkOption types;

  option =
    type: default:
    mkOption {
      inherit type default;
    };
  texts = option (types.listOf types.str) [ ];
  anything = option (types.attrsOf types.unspecified) { };
  units = ".*[.](service|socket|target|timer)";
  names = option (types.listOf (types.strMatching units)) [ ];

  unit = {
    description = option types.str "";
    documentation = texts;
    wants = names;
    after = names;
    before = names;
    wantedBy = names;
    unitConfig = anything;
  };
in
{
  options = {
    assertions = option (types.listOf types.unspecified) [ ];

    systemd.services = option (types.attrsOf (
      types.submodule {
        options = unit // {
          environment = option (types.attrsOf types.str) { };
          path = option (types.listOf types.package) [ ];
          script = option types.lines "";
          serviceConfig = anything;
          reloadTriggers = option (types.listOf types.unspecified) [ ];
          restartIfChanged = option types.bool true;
          stopIfChanged = option types.bool true;
        };
      }
    )) { };
    systemd.timers = option (types.attrsOf (
      types.submodule {
        options = unit // {
          timerConfig = anything;
        };
      }
    )) { };
    systemd.tmpfiles.rules = texts;

    users.groups = option (types.attrsOf (types.submodule { options = { }; })) { };
    users.users = option (types.attrsOf (
      types.submodule {
        options = {
          isSystemUser = option types.bool false;
          group = option types.str "";
          extraGroups = texts;
          home = option types.str "/var/empty";
        };
      }
    )) { };

    environment.systemPackages = option (types.listOf types.package) [ ];
    environment.etc = option (types.attrsOf (
      types.submodule (
        { config, ... }:
        {
          options = {
            text = option (types.nullOr types.lines) null;
            source = mkOption { type = types.unspecified; };
          };
          config.source = lib.mkIf (config.text != null) (lib.mkDefault (builtins.toFile "etc" config.text));
        }
      )
    )) { };

    networking.hostName = option types.str "web";
    networking.firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
    nix.package = option types.package pkgs.nix;
    nixpkgs.overlays = option (types.listOf types.unspecified) [ ];
    boot.loader.grub.enable = option types.bool false;
    boot.loader.systemd-boot.enable = option types.bool false;
    boot.loader.efi.efiSysMountPoint = option types.str "/boot";
    system.autoUpgrade.enable = option types.bool false;
    system.stateVersion = option types.str "0";
    fileSystems = anything;
  };
}
