package years

import (
	"context"

	"github.com/attesta/attesta/internal/connectors/controllist"
)

// earlier is what the organisation wrote down before it had Attesta.
const earlier = `No,Control,Description,TSC,Owner,Frequency,Status
K1,Plans of the night are looked at before vans leave,"A dispatcher on duty looks at the plan of each depot before six, and calls operations where a tour is missing.","A1.2, CC7.2",head of operations,Daily,in place
K2,The map server of the workshop is locked away,"The test server in the workshop stands in a locked cabinet; two people have a key.",CC6.4,head of operations,Yearly,in place
K3,Customers are told of planned work,"Planned work is announced to customers three working days before, on the status page and by mail.",CC2.3,head of support,as needed,partly
`

// yearOfImports is the controls that were in a spreadsheet: taken in once, and the
// wrong file once, which was taken back.
func yearOfImports(o *Stage, c *Calendar) error {
	take := func(n int, who, name, text string) {
		c.On(n, name+" is taken in", func(ctx context.Context) error {
			list, err := controllist.Read([]byte(text), name)
			if err != nil {
				return err
			}
			_, err = o.Controls.ImportFile(ctx, o.Cast[who], name, list.Rows, false)
			return err
		})
	}
	take(24, "aarav", "controls before Attesta.csv", earlier)
	take(25, "aarav", "ideas for next year.csv", "Name,Description,Criteria\nDoors of depots report who passes,\"Each depot gets doors that write down who passes; asked for, not bought.\",CC6.4\n")
	c.On(26, "the wrong file is taken back", func(ctx context.Context) error {
		_, err := o.Controls.UndoImport(ctx, o.Cast["aarav"], 2)
		return err
	})
	return nil
}
