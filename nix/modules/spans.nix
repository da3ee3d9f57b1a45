# Spans of time as people write them, for settings that are numbers of seconds.
{ lib }:

let
  units = {
    "" = 1;
    s = 1;
    min = 60;
    m = 60;
    h = 3600;
    d = 86400;
    w = 604800;
  };
  pattern = "([0-9]{1,7})(s|min|m|h|d|w|)";
in
{
  type = lib.types.either lib.types.ints.unsigned (lib.types.strMatching pattern) // {
    description = "span of time: seconds, or a number with s, min, h, d or w";
  };

  toSeconds =
    span:
    if builtins.isInt span then
      span
    else
      let
        parts = builtins.match pattern span;
      in
      lib.toInt (builtins.elemAt parts 0) * units.${builtins.elemAt parts 1};
}
