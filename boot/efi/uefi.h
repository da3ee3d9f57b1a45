// gnu-efi's headers, which are C.
#pragma once

extern "C" {
#include <efi.h>
}
