// libcrypto, for digests and certificates. Nothing here needs C of our own: only the includes.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
