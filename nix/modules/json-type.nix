# What YAML can hold, for settings that the programs themselves check.
{ lib }:

let
  inherit (lib) types;
  value =
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.float
        types.str
        types.path
        (types.attrsOf value)
        (types.listOf value)
      ]
    )
    // {
      description = "YAML value";
    };
in
{
  attributes = types.attrsOf value // {
    description = "YAML keys with their values";
  };
}
