// libyaml: the parser's and the document's C API as it is.
#pragma once
#include <yaml.h>
