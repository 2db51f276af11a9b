// libcurl. curl_easy_setopt and its kin are variadic, which Swift cannot call.
#pragma once
#include <curl/curl.h>
