package catalog

import "reflect"

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func defineErr[T any](opts *TableOptions) error {
	_, err := Define[T]("db.t", opts)
	return err
}
