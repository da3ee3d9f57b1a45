# The types that the modules name: { description; check; merge = place: values: value; }.
{ lib }:

let
  inherit (builtins)
    all
    any
    attrNames
    concatLists
    concatStringsSep
    elem
    filter
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    length
    map
    mapAttrs
    match
    toJSON
    ;

  show = concatStringsSep ".";

  same =
    place: values:
    if all (value: value == head values) values then
      head values
    else
      throw "${show place} is given different values";

  simple = description: check: {
    _type = "option-type";
    inherit description check;
    merge = same;
  };

  # A check before the merge, since what is inside a list or a set is looked at only here.
  take =
    type: place: values:
    if all type.check values then type.merge place values else throw "${show place} is not a ${type.description}";

  types = rec {
    bool = simple "boolean" isBool;
    int = simple "signed integer" isInt;
    float = simple "floating point number" isFloat;
    str = simple "string" isString;
    path = simple "path" (value: isPath value || (isString value && match "/.*" value != null));
    package = simple "package" (value: isAttrs value && value.type or null == "derivation");
    strMatching = pattern: simple "string matching ${pattern}" (value: isString value && match pattern value != null);
    enum = values: simple "one of ${concatStringsSep ", " (map toJSON values)}" (value: elem value values);
    lines = str // {
      merge = _place: concatStringsSep "\n";
    };
    unspecified = simple "unspecified value" (_: true);

    ints.unsigned = simple "unsigned integer" (value: isInt value && value >= 0);
    ints.between =
      least: most: simple "integer between ${toString least} and ${toString most}" (value: isInt value && value >= least && value <= most);
    ints.positive = simple "positive integer" (value: isInt value && value > 0);
    port = simple "port" (value: isInt value && value >= 0 && value < 65536);

    nullOr = type: {
      _type = "option-type";
      description = "null or ${type.description}";
      check = value: value == null || type.check value;
      merge = place: values: if all (value: value == null) values then null else take type place values;
      parts = type.parts or (_: [ ]);
    };

    either =
      left: right:
      simple "${left.description} or ${right.description}" (value: left.check value || right.check value)
      // {
        merge = place: values: take (if all left.check values then left else right) place values;
      };
    oneOf = list: if length list == 1 then head list else either (head list) (oneOf (builtins.tail list));

    coercedTo =
      from: convert: to:
      let
        converted = value: if from.check value then convert value else value;
      in
      {
        _type = "option-type";
        description = "${to.description} or ${from.description}";
        check = value: to.check (converted value);
        merge = place: values: take to place (map converted values);
      };

    listOf = type: {
      _type = "option-type";
      description = "list of ${type.description}";
      check = isList;
      merge = place: lists: map (value: take type place [ value ]) (concatLists lists);
      parts = place: (type.parts or (_: [ ])) (place ++ [ "*" ]);
    };

    attrsOf = type: {
      _type = "option-type";
      description = "attribute set of ${type.description}";
      check = isAttrs;
      merge =
        place: sets:
        builtins.zipAttrsWith (name: values: take type (place ++ [ name ]) (lib.settle (place ++ [ name ]) values)) sets;
      parts = place: (type.parts or (_: [ ])) (place ++ [ "<name>" ]);
    };

    submodule = module: {
      _type = "option-type";
      description = "submodule";
      check = value: isAttrs value || isFunction value;
      merge =
        place: values:
        (lib.evalModules {
          inherit place;
          modules = [ module ] ++ map (config: { inherit config; }) values;
        }).config;
      parts =
        place:
        (lib.evalModules {
          inherit place;
          modules = [ module ];
        }).list;
    };
  };
in
types // { inherit take; }
