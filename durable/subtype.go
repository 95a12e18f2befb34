package durable

import "fmt"

// checkSubType accepts what the service accepts, except the subtypes the SDK gives to its own operations. Empty means
// the default.
func checkSubType(s string) error {
	if s == "" {
		return nil
	}
	if len(s) > 32 {
		return fmt.Errorf("durable: subtype %q is longer than 32 characters", s)
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("durable: subtype %q may hold letters, digits, - and _ only", s)
		}
	}
	switch s {
	case OperationSubTypeStep, OperationSubTypeWait, OperationSubTypeCallback, OperationSubTypeChainedInvoke,
		OperationSubTypeRunInChildContext, OperationSubTypeWaitForCallback, OperationSubTypeWaitForCondition,
		OperationSubTypeMap, OperationSubTypeMapIteration, OperationSubTypeParallel, OperationSubTypeParallelBranch:
		return fmt.Errorf("durable: subtype %q belongs to an operation of the SDK; choose another", s)
	}
	return nil
}
