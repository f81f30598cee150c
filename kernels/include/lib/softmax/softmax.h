#pragma once
#include "lib/activation/softmax.h"
