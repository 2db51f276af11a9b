// Declares nothing: linking this target is enough. See wipe.c.
#pragma once
