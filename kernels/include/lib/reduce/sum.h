#pragma once
#include "lib/reduce/reduce.h"
