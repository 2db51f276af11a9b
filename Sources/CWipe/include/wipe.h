// Nothing to call: that this target is linked is all. See wipe.c.
#pragma once
