#pragma once
#include "lib/activation/activations.h"
