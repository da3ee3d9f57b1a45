# What the modules use of nixpkgs' lib, written for the tests.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    listToAttrs
    map
    mapAttrs
    match
    replaceStrings
    ;

  lib = import ./modules.nix { inherit lib; } // rec {
    types = import ./types.nix { inherit lib; };

    mkDefault = lib.mkOverride 1000;
    mkForce = lib.mkOverride 50;
    mkEnableOption =
      what:
      lib.mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = "Whether to enable ${what}.";
      };
    literalExpression = text: {
      _type = "literalExpression";
      inherit text;
    };

    inherit (builtins) all any concatMap;
    max = left: right: if left > right then left else right;
    optional = wanted: value: if wanted then [ value ] else [ ];
    optionals = wanted: list: if wanted then list else [ ];
    optionalAttrs = wanted: set: if wanted then set else { };
    optionalString = wanted: text: if wanted then text else "";
    unique = foldl' (seen: one: if elem one seen then seen else seen ++ [ one ]) [ ];
    genAttrs =
      names: make:
      listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) names
      );
    recursiveUpdate =
      left: right:
      left
      // mapAttrs (
        name: value: if isAttrs value && isAttrs (left.${name} or null) then recursiveUpdate left.${name} value else value
      ) right;

    removePrefix =
      prefix: text:
      let
        size = builtins.stringLength prefix;
      in
      if builtins.substring 0 size text == prefix then builtins.substring size (-1) text else text;
    splitString = separator: text: filter builtins.isString (builtins.split separator text);
    toInt = text: builtins.fromJSON (builtins.head (match "0*([0-9]+)" text));
    escapeShellArgs = words: concatStringsSep " " (map (word: "'${replaceStrings [ "'" ] [ "'\\''" ] word}'") words);

    licenses.asl20 = "Apache-2.0";
    trivial.release = "0";
  };
in
lib
