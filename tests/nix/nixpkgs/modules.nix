# A small module system: as much of that of nixpkgs as the modules of nix/ use. It is here so that
# they can be evaluated where there is no network; what NixOS makes of them the checks of nix/flake.nix
# show, where there is one.
{ lib }:

let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    filter
    foldl'
    isAttrs
    isFunction
    map
    ;

  show = concatStringsSep ".";
  isOption = value: isAttrs value && value._type or null == "option";
  property = value: if isAttrs value then value._type or null else null;

  # A module as { options; config; }, with those that it imports.
  load =
    arguments: module:
    let
      loaded = if isFunction module || isAttrs module then module else import module;
      body = if isFunction loaded then loaded arguments else loaded;
      plain = body ? options || body ? config;
    in
    concatMap (load arguments) (body.imports or [ ])
    ++ [
      {
        options = body.options or { };
        config = if plain then body.config or { } else removeAttrs body [ "imports" ];
      }
    ];

  # What a definition says of one key below it. A condition goes down with it unasked: it may depend
  # on other options of the same module.
  below =
    name: definition:
    if property definition == "if" then
      map (inner: definition // { content = inner; }) (below name definition.content)
    else if property definition == "override" then
      map (inner: definition // { content = inner; }) (below name definition.content)
    else if property definition == "merge" then
      concatMap (below name) definition.contents
    else if definition ? ${name} then
      [ definition.${name} ]
    else
      [ ];

  keys =
    definition:
    if property definition == "if" || property definition == "override" then
      keys definition.content
    else if property definition == "merge" then
      concatMap keys definition.contents
    else
      attrNames definition;

  # Values with their priorities; the lowest number wins.
  discharge =
    priority: definition:
    if property definition == "if" then
      if definition.condition then discharge priority definition.content else [ ]
    else if property definition == "override" then
      discharge definition.priority definition.content
    else if property definition == "merge" then
      concatMap (discharge priority) definition.contents
    else
      [
        {
          inherit priority;
          value = definition;
        }
      ];

  strongest =
    given:
    let
      best = foldl' (least: one: if one.priority < least then one.priority else least) 9999 given;
    in
    map (one: one.value) (filter (one: one.priority == best) given);

  valueOf =
    place: option: definitions:
    let
      given =
        concatMap (discharge 100) definitions
        ++ lib.optional (option ? default) {
          priority = 1500;
          value = option.default;
        };
    in
    if given == [ ] then
      throw "${show place} is used but not defined"
    else
      lib.types.take option.type place (strongest given);

  evaluate =
    place: declarations: definitions:
    let
      names = lib.unique (concatMap attrNames declarations);
      strange = filter (name: !builtins.elem name names) (concatMap keys definitions);
      child =
        name:
        let
          here = place ++ [ name ];
          declared = concatMap (one: lib.optional (one ? ${name}) one.${name}) declarations;
          defined = concatMap (below name) definitions;
          first = builtins.head declared;
        in
        if isOption first then
          if builtins.length declared > 1 then
            throw "${show here} is declared twice"
          else
            {
              value = valueOf here first defined;
              list = [ (first // { inherit here; }) ] ++ (first.type.parts or (_: [ ])) here;
            }
        else
          evaluate here declared defined;
      children = lib.genAttrs names child;
    in
    {
      value =
        if strange != [ ] then
          throw "there is no option ${show (place ++ [ (builtins.head strange) ])}"
        else
          builtins.mapAttrs (_: one: one.value) children;
      list = concatLists (map (name: children.${name}.list) names);
    };

  evalModules =
    {
      modules,
      arguments ? { },
      place ? [ ],
    }:
    let
      result = evaluate place (map (one: one.options) loaded) (map (one: one.config) loaded);
      config = result.value;
      loaded = concatMap (load ({ inherit lib config; } // arguments)) modules;
    in
    {
      inherit config;
      inherit (result) list;
    };
in
{
  inherit evalModules;

  # The values of a key in a set of any names.
  settle = _place: values: strongest (concatMap (discharge 100) values);

  mkOption = attributes: attributes // { _type = "option"; };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
}
