// libyaml: the C API of the parser and the emitter. Only the include is needed.
#pragma once
#include <yaml.h>
